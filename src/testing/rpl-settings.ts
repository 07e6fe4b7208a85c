// The CONFIG part of a scenario, turned from two projects' options into what a resolver needs to know.

import type { ServerAddress } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';
import { type Name, nameFromText } from '../wire/name.ts';

/** What the CONFIG part asks for. */
export interface RplSettings {
  /** Root servers; `nameServer` undefined: the file does not name it. */
  readonly roots: readonly { readonly nameServer: string | undefined; readonly address: ServerAddress }[];
  readonly zones: readonly {
    readonly zone: Name;
    readonly kind: 'forward' | 'stub';
    readonly servers: ServerAddress[];
  }[];
  /** Presentation lines of DS or DNSKEY records. */
  readonly trustAnchors: readonly string[];
  readonly domainInsecure: readonly Name[];
  /** The wall clock at the start, seconds since 1970; undefined: not said. */
  readonly wallSeconds: number | undefined;
  /** False only where the file turns it off. */
  readonly qnameMinimisation: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Whether servers at loopback addresses may be asked. */
  readonly queryLocalhost: boolean;
  /** False where the file runs without a validator. */
  readonly validator: boolean;
  readonly minTtl: number | undefined;
  readonly maxTtl: number | undefined;
  /** Options that change what a correct answer is and that this runner has no counterpart for. */
  readonly unsupported: readonly string[];
}

/** Options that leave the correct answer as it is, by their names' beginnings: caution, cache sizes, logging, test set-up. */
const neutral =
  /^(harden-|iter-scrub-|fake-|log-|msg-|rrset-|outbound-|verbosity|val-log|num-|target-fetch|trust-anchor-signaling|minimal-resp|hide-trustanchor|directory|use-syslog|name$|stub-prime|stub-first|forward-first|prefetch-key|root-hints|force-ipv6|val-max-restart|max-query-restarts|max-global-quota|discard-timeout|ede|infra-cache-min-rtt|private-domain)/;

const clauses = new Set([
  'server',
  'stub-zone',
  'forward-zone',
  'auth-zone',
  'rpz',
  'view',
  'remote-control',
  'cachedb',
  'python',
  'dynlib',
  'dnscrypt',
]);

interface Draft {
  roots: { nameServer: string | undefined; address: ServerAddress }[];
  groups: {
    kind: 'forward' | 'stub';
    zone: string;
    servers: { address: ServerAddress; comment: string | undefined }[];
  }[];
  trustAnchors: string[];
  domainInsecure: Name[];
  wallSeconds: number | undefined;
  qnameMinimisation: boolean;
  ipv4: boolean;
  ipv6: boolean;
  queryLocalhost: boolean;
  validator: boolean;
  minTtl: number | undefined;
  maxTtl: number | undefined;
  unsupported: Set<string>;
}

interface Option {
  readonly key: string;
  readonly value: string;
  /** A name in a comment behind the value: how these files name root servers. */
  readonly comment: string | undefined;
}

/** Reads the lines between the file's start and CONFIG_END. Throws Error that says what is wrong. */
export function readSettings(lines: readonly string[]): RplSettings {
  const draft: Draft = {
    roots: [],
    groups: [],
    trustAnchors: [],
    domainInsecure: [],
    wallSeconds: undefined,
    qnameMinimisation: true,
    ipv4: true,
    ipv6: true,
    queryLocalhost: false,
    validator: true,
    minTtl: undefined,
    maxTtl: undefined,
    unsupported: new Set(),
  };
  let clause = 'server';
  for (const option of lines.flatMap(readLine)) {
    if (clauses.has(option.key) && option.value === '') {
      clause = option.key;
      if (clause === 'stub-zone' || clause === 'forward-zone') {
        draft.groups.push({ kind: clause === 'stub-zone' ? 'stub' : 'forward', zone: '.', servers: [] });
      } else if (clause !== 'server') {
        draft.unsupported.add(clause);
      }
    } else if (clause === 'stub-zone' || clause === 'forward-zone') {
      applyToZone(draft, option);
    } else if (clause === 'server') {
      applyToServer(draft, option);
    }
  }
  return finish(draft);
}

/** Whether the text is in Deckard's dialect: options stand bare, with no `server:` or `stub-zone:` over them. */
export function isDeckardConfig(lines: readonly string[]): boolean {
  const options = lines.flatMap(readLine);
  return options.length > 0 && !options.some(({ key, value }) => clauses.has(key) && value === '');
}

function applyToZone(draft: Draft, option: Option): void {
  const group = draft.groups.at(-1);
  if (group === undefined) return;
  if (option.key === 'name') group.zone = option.value;
  else if (option.key === 'stub-addr' || option.key === 'forward-addr') {
    group.servers.push({ address: serverAddress(option.value), comment: option.comment });
  } else if (/^(stub|forward)-/.test(option.key) && !neutral.test(option.key)) draft.unsupported.add(option.key);
  else applyToServer(draft, option);
}

function applyToServer(draft: Draft, { key, value, comment }: Option): void {
  switch (key) {
    case 'trust-anchor':
      draft.trustAnchors.push(value);
      break;
    case 'domain-insecure':
      draft.domainInsecure.push(nameFromText(value));
      break;
    case 'val-override-date':
      draft.wallSeconds = dateSeconds(value);
      break;
    case 'val-override-timestamp':
      draft.wallSeconds = Number(value);
      break;
    case 'qname-minimisation':
    case 'query-minimization':
      draft.qnameMinimisation = isYes(value);
      break;
    case 'do-ip4':
      draft.ipv4 = isYes(value);
      break;
    case 'do-ip6':
      draft.ipv6 = isYes(value);
      break;
    case 'do-not-query-localhost':
      draft.queryLocalhost = !isYes(value);
      break;
    case 'stub-addr': // Deckard: the root server
      draft.roots.push({ nameServer: comment, address: serverAddress(value) });
      break;
    case 'stub-name': {
      const last = draft.roots.pop();
      if (last) draft.roots.push({ ...last, nameServer: withDot(value) });
      break;
    }
    case 'forward-addr':
      draft.groups.push({ kind: 'forward', zone: '.', servers: [{ address: serverAddress(value), comment }] });
      break;
    case 'feature-list':
    case 'features':
      readFeatures(draft, value);
      break;
    case 'module-config':
      readModules(draft, value.split(/\s+/));
      break;
    case 'access-control':
      if (!/\sallow(_snoop|_setrd)?$/.test(value)) draft.unsupported.add(key);
      break;
    default:
      if (!neutral.test(key)) draft.unsupported.add(key);
  }
}

function readFeatures(draft: Draft, value: string): void {
  for (const part of value.split(/[;,]/)) {
    const [name = '', setting] = part.split('=').map((text) => text.trim());
    if (setting === undefined) continue;
    if (name === 'min_ttl') draft.minTtl = Number(setting);
    else if (name === 'max_ttl') draft.maxTtl = Number(setting);
    else draft.unsupported.add(`feature ${name}`);
  }
}

function readModules(draft: Draft, modules: readonly string[]): void {
  if (!modules.includes('validator')) draft.validator = false;
  for (const module of modules) {
    if (!['validator', 'iterator', 'respip', ''].includes(module)) draft.unsupported.add(`module ${module}`);
  }
}

/** A stub for the root is how these files name the root servers; the other groups are configured zones. */
function finish(draft: Draft): RplSettings {
  const { groups, unsupported, roots, ...rest } = draft;
  const zones: { zone: Name; kind: 'forward' | 'stub'; servers: ServerAddress[] }[] = [];
  for (const { kind, zone, servers } of groups) {
    if (kind === 'stub' && zone === '.') {
      roots.push(...servers.map(({ address, comment }) => ({ nameServer: comment, address })));
    } else {
      zones.push({ zone: nameFromText(zone), kind, servers: servers.map(({ address }) => address) });
    }
  }
  return { ...rest, roots, zones, unsupported: [...unsupported].sort() };
}

/** The options of one line: a clause may stand before its first option. */
function readLine(line: string): Option[] {
  const comment = /[#;]\s*([A-Za-z0-9.-]+\.)\s*$/.exec(line)?.[1];
  const options: Option[] = [];
  let text = stripComment(line);
  while (text !== '') {
    const match = /^([A-Za-z][\w.-]*):\s*(.*)$/s.exec(text);
    if (match === null) break;
    const key = (match[1] ?? '').toLowerCase();
    const rest = (match[2] ?? '').trim();
    if (clauses.has(key) && !rest.startsWith('"')) {
      options.push({ key, value: '', comment: undefined });
      text = rest;
      continue;
    }
    const quoted = /^"([^"]*)"\s*(.*)$/s.exec(rest);
    options.push({ key, value: (quoted?.[1] ?? rest).trim(), comment });
    text = quoted?.[2] ?? '';
  }
  return options;
}

function stripComment(line: string): string {
  const text = line.trim();
  if (/^[#;]/.test(text)) return '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (!quoted && (text[i] === '#' || (text[i] === ';' && /\s/.test(text[i - 1] ?? ''))))
      return text.slice(0, i).trim();
  }
  return text;
}

function isYes(value: string): boolean {
  return /^(yes|on|true|1)$/i.test(value);
}

function withDot(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

function dateSeconds(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (parts === null) return undefined; // -1: Unbound's word for "do not look at the time"
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) / 1000;
}

/** `192.0.2.1` or `192.0.2.1@5353`. */
function serverAddress(text: string): ServerAddress {
  const [ip = '', port = '53'] = text.split('@');
  if (parseIp(ip) === undefined) throw new Error(`not an address: ${text}`);
  return { ip: canonicalIp(ip), port: Number(port) };
}

/** Addresses written differently compare equal by this key; undefined: not an address. */
export function ipKey(text: string): string | undefined {
  const octets = parseIp(text.split('@', 1)[0] ?? '');
  return octets && Buffer.from(octets).toString('hex');
}

/** The text form of RFC 5952 for an address that {@link ipKey} accepts. */
export function canonicalIp(text: string): string {
  return text.includes(':') ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text;
}
