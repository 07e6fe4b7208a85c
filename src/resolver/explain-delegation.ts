// The verdict on a delegation without one address that can be asked: missing glue, a circle, names that do not exist.

import { isSubdomainOf, type Name, nameToText, parentOf, ROOT } from '../wire/name.ts';
import { deedLines, eventsOf, type Facts, serversOf } from './explain-facts.ts';
import { deadZoneOf, judgeServers } from './explain-servers.ts';
import { asked, type EventOf, zoneWords } from './explain-words.ts';
import type { Verdict } from './verdict.ts';

/** No server of a zone could be found to ask. */
export function judgeDelegation(facts: Facts): Verdict {
  const empty = [...facts.delegations.values()].filter(({ addresses }) => addresses.length === 0);
  const stood = eventsOf(facts, 'delegation').findLast(
    ({ lookup, addresses }) => lookup === 0 && addresses.length === 0,
  );
  const stuck = empty.find(({ zone }) => zone === stood?.zone) ?? empty.at(-1);
  if (stuck === undefined) return bare(facts);
  const own = ourChoice(stuck);
  if (own !== undefined) return own;
  const circle = circleFrom(stuck, empty);
  if (circle !== undefined) return cyclic(facts, circle);
  const { zone, nameServers } = stuck;
  if (nameServers.every((nameServer) => isSubdomainOf(nameServer, zone))) return noGlue(facts, stuck);
  const dead = deadZoneOf(facts, nameServers);
  if (dead !== undefined) return judgeServers(facts, dead);
  return lostNames(facts, stuck);
}

function bare(facts: Facts): Verdict {
  const zone = [...facts.delegations.keys()].at(-1);
  return {
    fault: 'child zone',
    works: false,
    zone,
    servers: [],
    summary: `No name server of ${zone === undefined ? 'the zone' : zoneWords(zone)} has an address that could be found.`,
    evidence: facts.resolution.extendedErrors.map(({ text }) => text),
    remedy: zone === undefined ? [] : [{ who: { owner: zone }, what: 'see that its name servers have addresses' }],
  };
}

/** Addresses are known, and the configuration forbids them. */
function ourChoice({ zone, unused = [] }: EventOf<'delegation'>): Verdict | undefined {
  const [first] = unused;
  if (first === undefined) return undefined;
  const family = first.why === 'ipv6-off' ? 'IPv6' : 'IPv4';
  const denied = unused.every(({ why }) => why === 'denied');
  const summary = denied
    ? `The servers of ${zoneWords(zone)} have only addresses that this resolver must not ask (upstream.deny).`
    : `The servers of ${zoneWords(zone)} have ${family} addresses only, and ${family} is switched off here (upstream.${family.toLowerCase()}).`;
  const yours = denied
    ? 'if they are meant to be asked, take their addresses out of upstream.deny, or name the zone under zones: (stub)'
    : `switch upstream.${family.toLowerCase()} on if this machine has ${family}; else forward this zone to a resolver that has it`;
  const theirs = denied
    ? 'give the name servers addresses that can be reached from the Internet'
    : `add name servers with ${family === 'IPv6' ? 'IPv4' : 'IPv6'} addresses, for the many that have no ${family}`;
  return {
    fault: 'our policy',
    works: false,
    zone,
    servers: unused.map(({ ip, nameServer }) => ({ server: { ip, port: 53 }, nameServer })),
    summary,
    evidence: unused.map(({ ip, nameServer, why }) => {
      return `${ip} (${nameToText(nameServer)}) was not asked: ${why === 'denied' ? 'upstream.deny' : `${family} is off`}`;
    }),
    remedy: [
      { who: 'you', what: yours },
      { who: { owner: zone }, what: theirs },
    ],
  };
}

/** A circle of zones without addresses, each with all its name servers in the next; at least two. */
function circleFrom(
  start: EventOf<'delegation'>,
  empty: readonly EventOf<'delegation'>[],
): readonly EventOf<'delegation'>[] | undefined {
  const path = [start];
  // Each step adds another of the zones, or ends.
  for (let at = start; ; ) {
    const next = empty.find(
      ({ zone }) => zone !== at.zone && at.nameServers.some((nameServer) => isSubdomainOf(nameServer, zone)),
    );
    if (next === undefined) return undefined;
    if (next.zone === start.zone) return path;
    if (path.includes(next)) return path.slice(path.indexOf(next));
    path.push(next);
    at = next;
  }
}

function cyclic(facts: Facts, circle: readonly EventOf<'delegation'>[]): Verdict {
  const zone = circle[0]?.zone ?? ROOT;
  const names = circle.map((one) => zoneWords(one.zone)).join(' and ');
  return {
    fault: 'child zone',
    works: false,
    zone,
    servers: circle.flatMap(({ nameServers }) => nameServers).map(withoutAddress),
    summary: `The name servers of ${names} are named by one another, and no address is given for any of them: to find one the other has to be known first (a circle of delegations).`,
    evidence: circle.map((one) => delegationLine(facts, one)),
    remedy: [
      {
        who: { owner: zone },
        what: 'use at least one name server whose name lies elsewhere, or inside the zone itself with its address (glue) given to the parent zone',
      },
      { who: 'you', what: 'nothing has to be changed here' },
    ],
  };
}

function noGlue(facts: Facts, stuck: EventOf<'delegation'>): Verdict {
  const { zone, nameServers } = stuck;
  const parent = facts.parents.get(zone) ?? (zone === ROOT ? ROOT : parentOf(zone));
  return {
    fault: 'parent zone',
    works: false,
    zone,
    servers: nameServers.map(withoutAddress),
    summary: `The parent zone ${zoneWords(parent)} names the servers of ${zoneWords(zone)}, which lie inside that very zone, and leaves out their addresses (missing glue): nobody can find them.`,
    evidence: [delegationLine(facts, stuck), ...searches(facts), ...droppedGlue(facts, nameServers)],
    remedy: [
      {
        who: { owner: zone },
        what: `have the addresses of these name servers entered in ${zoneWords(parent)} (at the registrar: "glue", "host records")`,
      },
      {
        who: { owner: parent },
        what: `publish A and AAAA records for ${nameServers.slice(0, 3).map(nameToText).join(' ')}`,
      },
      { who: 'you', what: 'nothing has to be changed here' },
    ],
  };
}

/** Name servers elsewhere, whose addresses could not be found. */
function lostNames(facts: Facts, stuck: EventOf<'delegation'>): Verdict {
  const { zone, nameServers } = stuck;
  const names = nameServers.slice(0, 3).map(nameToText).join(' ');
  const troubles = facts.deeds.filter(({ kind, zone: at }) => kind !== 'good' && kind !== 'no-edns' && at !== zone);
  return {
    fault: 'child zone',
    works: false,
    zone,
    servers: [...nameServers.map(withoutAddress), ...serversOf(troubles)],
    summary: `The name servers of ${zoneWords(zone)} (${names}) have no address that could be found: their names do not exist, or do not resolve themselves.`,
    evidence: [delegationLine(facts, stuck), ...searches(facts), ...deedLines(troubles)],
    remedy: [
      {
        who: { owner: zone },
        what: 'correct the names of its name servers (a typing error, a name server that was given up?), or see that they resolve',
      },
      { who: 'you', what: 'nothing has to be changed here' },
    ],
  };
}

function delegationLine(facts: Facts, { zone, nameServers, addresses }: EventOf<'delegation'>): string {
  const parent = facts.parents.get(zone);
  const who = parent === undefined ? 'the delegation' : zoneWords(parent);
  const names = nameServers.slice(0, 4).map(nameToText).join(' ');
  return `${who} says: ask ${names} about ${nameToText(zone)}, and gives ${addresses.length === 0 ? 'no address' : 'addresses'}`;
}

function droppedGlue(facts: Facts, nameServers: readonly Name[]): string[] {
  return eventsOf(facts, 'dropped')
    .filter(({ section, name }) => section === 'additional' && nameServers.includes(name))
    .map(({ name, type, why }) => `not believed: ${asked(name, type)}, ${why}`);
}

/** How the searches for addresses went. */
function searches(facts: Facts): string[] {
  const begun = new Map<number, string>();
  const lines: string[] = [];
  for (const event of facts.events) {
    if (event.kind === 'sublookup') begun.set(event.lookup, asked(event.name, event.type));
    if (event.kind === 'sublookup-end') lines.push(`${begun.get(event.lookup) ?? 'an address'}: ${event.outcome}`);
  }
  return lines;
}

function withoutAddress(nameServer: Name): Verdict['servers'][number] {
  return { server: undefined, nameServer };
}
