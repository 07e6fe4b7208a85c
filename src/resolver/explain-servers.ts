// The verdict on servers that were asked and gave nothing usable: theirs, the network's, or the configuration's fault.

import { isSubdomainOf, labelCount, type Name, nameToText, ROOT } from '../wire/name.ts';
import { type Deed, type DeedKind, deedLines, type Facts, serversOf } from './explain-facts.ts';
import { zoneWords } from './explain-words.ts';
import { builtInRootHints } from './root-hints.ts';
import type { Fault, Remedy, Verdict } from './verdict.ts';

/** What is said of the servers of one zone. */
interface Case {
  readonly fault: Fault;
  readonly summary: string;
  readonly remedy: readonly Remedy[];
}

const TROUBLES: ReadonlySet<DeedKind> = new Set([
  'silent',
  'late',
  'unreachable',
  'suspect',
  'malformed',
  'recurses',
  'refused',
  'lame',
  'failed',
]);
const SILENCE: ReadonlySet<DeedKind> = new Set(['silent', 'late', 'unreachable']);

/** Every server that was asked last, or those of `dead`, failed: whose fault that is. */
export function judgeServers(facts: Facts, dead?: Name): Verdict {
  const troubles = facts.deeds.filter(({ kind }) => TROUBLES.has(kind));
  const stood = [...facts.delegations.keys()].at(-1) ?? ROOT;
  const zone = dead ?? troubles.at(-1)?.zone ?? stood;
  const here = troubles.filter((deed) => deed.zone === zone);
  const told =
    judgeConfigured(facts, zone, here) ??
    judgeRoot(facts, zone, here) ??
    judgeFamily(facts, zone, here) ??
    judgeTcp(facts, zone, here) ??
    judgeByDeeds(facts, zone, here);
  const others = facts.deeds.filter((deed) => deed.kind === 'good' && deed.zone !== zone).slice(-1);
  const evidence = [...deedLines(here), ...deedLines(others)];
  const servers = serversOf(here);
  if (evidence.length === 0) evidence.push(...facts.resolution.extendedErrors.map(({ text }) => text));
  const detour = isSubdomainOf(facts.name, zone)
    ? ''
    : ` The zone ${zoneWords(zone)} is needed to find ${nameToText(facts.name)}`;
  const summary = detour === '' ? told.summary : `${told.summary}${detour}`;
  return { works: false, zone, servers, evidence, ...told, summary };
}

/** A zone none of whose servers said a thing, with every one of these names in it, or in another like it. */
export function deadZoneOf(facts: Facts, names: readonly Name[]): Name | undefined {
  const silent = new Set(facts.deeds.filter(({ kind }) => SILENCE.has(kind)).map(({ zone }) => zone));
  for (const { zone, kind } of facts.deeds) if (!SILENCE.has(kind)) silent.delete(zone);
  const deepestFirst = [...silent].sort((a, b) => labelCount(b) - labelCount(a));
  const dead = names.map((name) => deepestFirst.find((zone) => isSubdomainOf(name, zone)));
  return dead.includes(undefined) ? undefined : dead.at(-1);
}

/** Forwarders and stubs are named by the configuration. */
function judgeConfigured(facts: Facts, zone: Name, here: readonly Deed[]): Case | undefined {
  const source = facts.delegations.get(zone)?.source;
  if (source !== 'forward' && source !== 'stub') return undefined;
  const key = `zones: [{ zone: "${nameToText(zone)}", ${source}: [...] }]`;
  return {
    fault: 'our policy',
    summary: `The configuration sends questions below ${zoneWords(zone)} to servers of its own, and none of these gives a usable answer: ${did(here)}.`,
    remedy: [{ who: 'you', what: `correct or remove ${key} in the configuration, or repair these servers` }],
  };
}

function judgeRoot(facts: Facts, zone: Name, here: readonly Deed[]): Case | undefined {
  if (zone !== ROOT) return undefined;
  // Without a way out no hints are right or wrong.
  const cutOff = here.length > 0 && here.every(({ network }) => network === 'no-route');
  if (hasOwnHints(facts) && !cutOff) {
    return {
      fault: 'our policy',
      summary: `The root hints of the configuration are wrong: none of the addresses that they give is a root server (${did(here)}).`,
      remedy: [
        {
          who: 'you',
          what: 'remove root.hints from the configuration (the built-in list is right), or fetch a new file from https://www.internic.net/domain/named.root',
        },
        { who: 'you', what: 'if that does not help, this machine does not reach the Internet: run `rootwalk doctor`' },
      ],
    };
  }
  if (here.every(({ kind }) => SILENCE.has(kind))) {
    return {
      fault: 'our network or a middlebox',
      summary: cutOff
        ? 'This machine has no way to any root server: it is not connected to the Internet.'
        : 'No root server answers. Thirteen operators do not fail at once: this machine does not reach the Internet, or something on the way blocks port 53.',
      remedy: [
        {
          who: 'you',
          what: 'check the network of this machine, and its firewall for UDP and TCP port 53: run `rootwalk doctor`',
        },
      ],
    };
  }
  return {
    fault: 'our network or a middlebox',
    summary: `What answers is not the root (${did(here)}): something on the way (a router, a firewall, the provider) intercepts port 53.`,
    remedy: [
      {
        who: 'you',
        what: 'have the interception of port 53 switched off in the router or by the provider: run `rootwalk doctor`',
      },
    ],
  };
}

/** Servers with IPv6 addresses alone, from a machine that reaches none by IPv6; and the same of IPv4. */
function judgeFamily(facts: Facts, zone: Name, here: readonly Deed[]): Case | undefined {
  if (here.length === 0 || !here.every(({ kind }) => SILENCE.has(kind))) return undefined;
  const isSix = ({ server }: Deed): boolean => server.ip.includes(':');
  const six = isSix(here[0] as Deed);
  if (!here.every((deed) => isSix(deed) === six)) return undefined;
  const family = six ? 'IPv6' : 'IPv4';
  const answered = facts.deeds.some((deed) => isSix(deed) === six && !SILENCE.has(deed.kind));
  const other = facts.deeds.some((deed) => isSix(deed) !== six && !SILENCE.has(deed.kind));
  if (answered || !(other || here.every(({ network }) => network === 'no-route'))) return undefined;
  return {
    fault: 'our network or a middlebox',
    summary: `The servers of ${zoneWords(zone)} have ${family} addresses only, and from this machine nothing is reached by ${family}.`,
    remedy: [
      {
        who: 'you',
        what: `give this machine ${family} (the provider, the router, a tunnel), or forward this zone to a resolver that has it`,
      },
      {
        who: { owner: zone },
        what: `add name servers with ${six ? 'IPv4' : 'IPv6'} addresses, for the many that have no ${family}`,
      },
    ],
  };
}

/** The answer is too long for UDP, and TCP gets nowhere. */
function judgeTcp(facts: Facts, zone: Name, here: readonly Deed[]): Case | undefined {
  const tcp = here.filter(({ protocol }) => protocol === 'tcp');
  if (tcp.length === 0 || !tcp.every(({ kind }) => SILENCE.has(kind))) return undefined;
  if (here.some(({ protocol, kind }) => protocol === 'udp' && !SILENCE.has(kind) && kind !== 'suspect'))
    return undefined;
  const elsewhere = facts.deeds.some(
    (deed) => deed.protocol === 'tcp' && deed.zone !== zone && !TROUBLES.has(deed.kind),
  );
  const refused = tcp.every(({ kind, network }) => kind === 'unreachable' && network !== 'no-route');
  const owner: Remedy = {
    who: { owner: zone },
    what: 'let the name servers listen on TCP port 53, and open it in their firewall (RFC 7766: TCP is not optional)',
  };
  if (elsewhere || refused) {
    return {
      fault: 'its servers',
      summary: `The servers of ${zoneWords(zone)} say that the answer is too long for UDP, and do not give it by TCP${elsewhere ? ', which works with others' : ''}.`,
      remedy: [owner, { who: 'you', what: 'nothing has to be changed here' }],
    };
  }
  return {
    fault: 'our network or a middlebox',
    summary: `The servers of ${zoneWords(zone)} answer by UDP that the answer is too long for it, and TCP to them is swallowed on the way: a firewall blocks TCP port 53, most likely at this end.`,
    remedy: [
      {
        who: 'you',
        what: 'open TCP port 53 outwards in the firewall of this machine and network: run `rootwalk doctor`',
      },
      owner,
    ],
  };
}

function judgeByDeeds(facts: Facts, zone: Name, here: readonly Deed[]): Case {
  const all = (kinds: ReadonlySet<DeedKind>): boolean => here.every(({ kind }) => kinds.has(kind));
  const servers = allServers(here, zone);
  const owner = (what: string): Remedy => ({ who: { owner: zone }, what });
  const wait: Remedy = { who: 'you', what: 'nothing has to be changed here; only the owner can repair it' };
  const parent = facts.parents.get(zone);
  if (all(SILENCE)) return judgeSilence(facts, zone, here, servers);
  if (
    all(new Set([...SILENCE, 'lame', 'recurses', 'refused'])) &&
    here.some(({ kind }) => kind === 'lame' || kind === 'recurses')
  ) {
    const says = parent === undefined ? 'The delegation' : `The parent zone ${zoneWords(parent)}`;
    return {
      fault: 'child zone',
      summary: `${says} says that ${zoneWords(zone)} is on ${plural(here)}; ${verb(here, 'it does not hold it', 'they do not hold it')} (a lame delegation).`,
      remedy: [
        owner(
          'set the zone up on these name servers, or have the delegation changed (at the registrar) to servers that hold it',
        ),
        wait,
      ],
    };
  }
  if (all(new Set(['refused', ...SILENCE]))) {
    return {
      fault: 'its servers',
      summary: `${capital(servers)} ${verb(here, 'refuses', 'refuse')} to answer (REFUSED): the zone is not set up there, or does not admit us.`,
      remedy: [
        owner('set the zone up on these name servers and let them answer everybody; or change the delegation'),
        wait,
      ],
    };
  }
  if (here.some(({ words }) => /\b(FORMERR|NOTIMP|BADVERS)\b/.test(words)) || hasEdnsTrouble(facts, zone)) {
    return {
      fault: 'its servers',
      summary: `${capital(servers)} cannot cope with EDNS (RFC 6891), which every resolver has used for many years: ${did(here)}.`,
      remedy: [owner('update the name server software, or the firewall before it that spoils EDNS'), wait],
    };
  }
  return {
    fault: 'its servers',
    summary: `${capital(servers)} ${verb(here, 'gives', 'give')} nothing usable: ${did(here)}.`,
    remedy: [
      owner(
        'look into the logs of these name servers: the zone may not have been loaded, or have expired on a secondary',
      ),
      wait,
    ],
  };
}

function judgeSilence(facts: Facts, zone: Name, here: readonly Deed[], servers: string): Case {
  const heard = facts.deeds.some(({ kind }) => !SILENCE.has(kind));
  if (!heard && labelCount(zone) <= 1) {
    return {
      fault: 'our network or a middlebox',
      summary: `No server answers at all, not even those of ${zoneWords(zone)}: this machine does not reach the Internet, or something blocks port 53.`,
      remedy: [
        { who: 'you', what: 'check the network of this machine, and its firewall for port 53: run `rootwalk doctor`' },
      ],
    };
  }
  const what =
    here.length > 0 && here.every(({ network }) => network === 'refused')
      ? `${verb(here, 'refuses', 'refuse')} the connection: no name server runs there, or a firewall turns queries away.`
      : `${verb(here, 'does', 'do')} not answer.`;
  return {
    fault: 'its servers',
    summary: `${capital(servers)} ${what}${heard ? ' Others answer, so the way out of here is open.' : ''}`,
    remedy: [
      {
        who: { owner: zone },
        what: 'start the name servers, and open UDP and TCP port 53 in the firewall before them',
      },
      {
        who: 'you',
        what: 'nothing has to be changed here; if other names fail in the same way, run `rootwalk doctor`',
      },
    ],
  };
}

function hasEdnsTrouble(facts: Facts, zone: Name): boolean {
  return facts.deeds.some((deed) => deed.zone === zone && deed.kind === 'no-edns');
}

/** Whether the root hints are others than the built-in ones. */
export function hasOwnHints(facts: Facts): boolean {
  const hints = facts.events.find((event) => event.kind === 'delegation' && event.source === 'hints');
  if (hints?.kind !== 'delegation') return false;
  const known = new Set(builtInRootHints.split(/\s+/));
  return hints.addresses.some(({ ip }) => !known.has(ip));
}

/** What they did, each thing once. */
function did(deeds: readonly Deed[]): string {
  const words = [...new Set(deeds.map((deed) => deed.words))];
  return words.length === 0 ? 'nothing came back' : `${words.slice(0, 3).join('; ')}${words.length > 3 ? '; ...' : ''}`;
}

function allServers(deeds: readonly Deed[], zone: Name): string {
  const servers = serversOf(deeds).length;
  const where = zoneWords(zone);
  if (servers <= 1) return `the only server of ${where} that was asked`;
  return servers === 2 ? `both servers of ${where}` : `all ${servers} servers of ${where}`;
}

function plural(deeds: readonly Deed[]): string {
  const servers = serversOf(deeds).length;
  return servers === 1 ? 'this server' : 'these servers';
}

function verb(deeds: readonly Deed[], one: string, many: string): string {
  return serversOf(deeds).length === 1 ? one : many;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
