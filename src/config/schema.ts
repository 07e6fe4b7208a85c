// The schema of the settings: what each key accepts, and in which words a wrong value is refused.

import { z } from 'zod';
import { limitTable } from '../base/limits.ts';
import { PrefixSet, parsePrefix } from '../base/prefix.ts';
import { domainNameFault, parseServerAddress } from './address.ts';
import { nearest, simplify } from './nearest.ts';
import { defaultSettings, type Settings, type SettingsInput } from './settings.ts';
import { octetsToText, parseOctets, parseSeconds } from './units.ts';

/** Something wrong in settings: where, as keys and list indices from the top, and what. */
export interface SettingsFault {
  readonly path: readonly (string | number)[];
  /** True when `path` ends in a key that has no business there: the fault is the key, not its value. */
  readonly atKey: boolean;
  readonly message: string;
}

/** Settings with defaults filled in, or everything that is wrong with them (100 faults at most). */
export type CheckedSettings = { readonly settings: Settings } | { readonly faults: readonly SettingsFault[] };

const FAULTS_MAX = 100;

/** Checks settings of any origin against the schema and fills in the defaults. Never throws on bad input. */
export function checkSettings(input: unknown): CheckedSettings {
  const result = schema.safeParse(input === null ? {} : withoutEmptySections(input));
  if (result.success) {
    const faults = contradictions(result.data);
    return faults.length === 0 ? { settings: result.data } : { faults };
  }
  const faults: SettingsFault[] = [];
  const listed = new Set<string>();
  for (const issue of result.error.issues.flatMap(withinUnion).slice(0, FAULTS_MAX)) {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code !== 'unrecognized_keys') {
      faults.push({ path, atKey: false, message: issue.message });
      continue;
    }
    for (const key of issue.keys.slice(0, FAULTS_MAX)) {
      faults.push({ path: [...path, key], atKey: true, message: unknownKey(path, key, listed) });
    }
  }
  // What is wrong within an entry explains the entry: "exactly one of" after a misspelt key would mislead.
  const within = (outer: SettingsFault) =>
    faults.some(({ path }) => path.length > outer.path.length && outer.path.every((part, i) => part === path[i]));
  return { faults: faults.filter((fault) => fault.atKey || fault.path.length === 0 || !within(fault)) };
}

/** Of a value that may have several forms: what is wrong within the one form that it has, where it has one. */
function withinUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const forms = issue.errors.filter((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  const [form] = forms;
  if (form === undefined || forms.length > 1) return [issue];
  return form.flatMap(withinUnion).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** The settings of a library user, checked and filled. Throws TypeError that names every wrong key. */
export function fillSettings(input: SettingsInput): Settings {
  const checked = checkSettings(input);
  if ('settings' in checked) return checked.settings;
  throw new TypeError(checked.faults.map(({ path, message }) => `${keyToText(path)}: ${message}`).join('; '));
}

/** `['zones', 0, 'forward', 1]` as `zones[0].forward[1]`. */
export function keyToText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const key = /^[\w-]{1,64}$/.test(part) ? part : JSON.stringify(part.slice(0, 64));
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** `upstream:` with nothing under it says nothing. */
function withoutEmptySections(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(
    Object.entries(input).filter(([key, value]) => value !== null || !SECTIONS.some((section) => section === key)),
  );
}

const SECTIONS = ['root', 'upstream', 'dnssec', 'cache', 'local', 'clients', 'log'] as const;

// ---- Leaves

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function expected(what: string): { error: (issue: { readonly input?: unknown }) => string } {
  return { error: (issue) => `expected ${what}, got ${shown(issue.input)}` };
}

function flag(): z.ZodType<boolean> {
  return z.boolean(expected('true or false'));
}

/** The value of a key whose feature is not built yet. */
function notBuilt<Off extends false | null | 1>(off: Off): z.ZodType<Off> {
  return z.literal(off, { error: () => `not built yet: only ${off} is accepted` });
}

function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word> {
  return z.enum(words as readonly [Word, ...Word[]], {
    error: (issue) => {
      const near = typeof issue.input === 'string' ? nearest(issue.input, words) : undefined;
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, got ${shown(issue.input)}${hint}`;
    },
  });
}

function whole(least: number, most: number): z.ZodType<number> {
  const says = expected(`a whole number from ${least} to ${most}`);
  return z.int(says).min(least, says).max(most, says);
}

/** A number or text with a unit, read by `parse`. */
function withUnit(
  parse: (value: number | string) => number | undefined,
  least: number,
  most: number,
  what: string,
): z.ZodType<number> {
  return z.union([z.number(), z.string()], expected(what)).transform((value, context) => {
    const number = parse(value);
    if (number !== undefined && number >= least && number <= most) return number;
    context.addIssue({ code: 'custom', message: `expected ${what}, got ${shown(value)}` });
    return z.NEVER;
  });
}

function octets(least: number, most: number): z.ZodType<number> {
  const what = `a size from ${octetsToText(least)} to ${octetsToText(most)} such as 64MiB, or a number of octets`;
  return withUnit(parseOctets, least, most, what);
}

function seconds(most: number): z.ZodType<number> {
  return withUnit(parseSeconds, 0, most, `a time from 0 to ${most} s such as 3600, 60m or 1h`);
}

/** Text in which `fault` finds nothing wrong. */
function text(what: string, fault: (value: string) => string | undefined): z.ZodType<string> {
  return z.string(expected(what)).superRefine((value, context) => {
    const message = fault(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

function path(): z.ZodType<string> {
  const what = 'the path of a file';
  return text(what, (value) =>
    value === '' || value.includes('\0') ? `expected ${what}, got ${shown(value)}` : undefined,
  );
}

function prefix(): z.ZodType<string> {
  const what = 'an address or prefix such as 192.168.0.0/16 or "fd00::/8"';
  return text(what, (value) =>
    parsePrefix(value) === undefined ? `expected ${what}, got ${shown(value)}` : undefined,
  );
}

function domainName(): z.ZodType<string> {
  return text('a domain name', (value) => {
    const fault = domainNameFault(value);
    return fault === undefined ? undefined : `${shown(value)} is not a domain name: ${fault}`;
  });
}

function listenAddress(): z.ZodType<string> {
  const what = 'an IP address with port such as 127.0.0.1:53 or "[::1]:53"';
  return text(what, (value) => {
    if (/^(tls|https|quic|h3):\/\//.test(value))
      return `${shown(value)} is not built yet: only UDP and TCP, as 127.0.0.1:53`;
    if (parseServerAddress(value) !== undefined) return undefined;
    if (parseServerAddress(value, 53) !== undefined) return `${shown(value)} has no port; write ${portAdded(value)}`;
    return `expected ${what}, got ${shown(value)}`;
  });
}

function loopbackAddress(): z.ZodType<string> {
  const what = 'a loopback address with port such as 127.0.0.1:8053 or "[::1]:8053", or false';
  return text(what, (value) => {
    const address = parseServerAddress(value);
    return address === undefined || !LOOPBACK.has(address.ip) ? `expected ${what}, got ${shown(value)}` : undefined;
  });
}

const LOOPBACK = new PrefixSet(['127.0.0.0/8', '::1']);

function portAdded(value: string): string {
  return value.includes(':') && !value.startsWith('[') ? `"[${value}]:53"` : `"${value}:53"`;
}

function servers(): z.ZodType<readonly string[]> {
  const what = 'an address such as 10.0.0.1, 10.0.0.1:5300 or "[2001:db8::1]:5300"';
  const server = text(what, (value) => {
    const address = parseServerAddress(value, 53);
    return address === undefined || address.port === 0 ? `expected ${what}, got ${shown(value)}` : undefined;
  });
  return list(server, 'a list of addresses such as ["10.0.0.1"]', 1);
}

function list<Item>(item: z.ZodType<Item>, what: string, least = 0): z.ZodType<readonly Item[]> {
  return z.array(item, expected(what)).min(least, { error: `expected ${what} with at least ${least}, got none` });
}

// ---- Sections

/** A section that may be left out as a whole. */
function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, expected('keys with values')).prefault({} as never);
}

/** A feature that is off, on as it is by default, or on with keys of its own. */
function offOr<Shape extends z.ZodRawShape>(shape: Shape, what: string) {
  const keys = z.strictObject(shape, expected(what));
  const on = z.literal(true).transform(() => keys.parse({}));
  return z.union([z.literal(false), on, keys], expected(what));
}

const defaults = defaultSettings;

const zone = z
  .strictObject(
    { zone: domainName(), forward: servers().optional(), stub: servers().optional() },
    expected('{ zone: NAME, forward: [ADDRESS] } or { zone: NAME, stub: [ADDRESS] }'),
  )
  .refine((value) => (value.forward === undefined) !== (value.stub === undefined), {
    error: 'expected exactly one of forward and stub',
  });

const localZone = z.strictObject(
  { zone: domainName(), kind: oneOf(['static', 'refuse', 'redirect', 'transparent', 'nodefault']) },
  expected('{ zone: NAME, kind: static }'),
);

const until = text('a date such as 2026-12-31', (value) =>
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?$/.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : `expected a date such as 2026-12-31 or 2026-12-31T12:00:00Z, got ${shown(value)}`,
);

const negativeTrustAnchor = z.preprocess(
  (value) => (typeof value === 'string' ? { zone: value } : value),
  z.strictObject(
    { zone: domainName(), until: until.optional(), reason: z.string(expected('text')).optional() },
    expected('a domain name or { zone: NAME, until: DATE, reason: TEXT }'),
  ),
);

const rateLimit = offOr(
  {
    responsesPerSecond: whole(1, 1_000_000).default(200),
    slip: whole(0, 10).default(2),
    ipv4Prefix: whole(8, 32).default(24),
    ipv6Prefix: whole(16, 128).default(56),
    exempt: list(prefix(), 'a list of prefixes').default([]),
  },
  'true, false or keys such as { responsesPerSecond: 200 }',
);

const dropPrivateAddresses = offOr(
  { except: list(domainName(), 'a list of zones').default([]) },
  'true, false or { except: [ZONE] }',
);

const MIB = 1024 * 1024;

/** The whole schema; what it cannot say, {@link checkSettings} checks besides. */
export const schema: z.ZodType<Settings> = z.strictObject(
  {
    listen: list(listenAddress(), 'a list of addresses such as ["127.0.0.1:53"]', 1).default(defaults.listen),
    allow: list(prefix(), 'a list of prefixes').default(defaults.allow),
    workers: notBuilt(1).default(1),
    root: section({
      hints: path().nullable().default(defaults.root.hints),
      trustAnchors: path().nullable().default(defaults.root.trustAnchors),
    }),
    upstream: section({
      port: whole(1, 65_535).default(defaults.upstream.port),
      ipv4: flag().default(defaults.upstream.ipv4),
      ipv6: flag().default(defaults.upstream.ipv6),
      deny: list(prefix(), 'a list of prefixes').default(defaults.upstream.deny),
      qnameMinimisation: oneOf(['strict', 'relaxed', 'off']).default(defaults.upstream.qnameMinimisation),
      caseRandomisation: flag().default(defaults.upstream.caseRandomisation),
      cookies: flag().default(defaults.upstream.cookies),
      batchedIo: oneOf(['auto', 'off']).default(defaults.upstream.batchedIo),
      udpPayloadOctets: whole(limitTable.udpPayloadOctets.least, limitTable.udpPayloadOctets.most).default(
        defaults.upstream.udpPayloadOctets,
      ),
    }),
    dnssec: section({
      validate: flag().default(defaults.dnssec.validate),
      negativeTrustAnchors: list(negativeTrustAnchor, 'a list of zones').default(defaults.dnssec.negativeTrustAnchors),
      sha1: oneOf(['validate', 'insecure']).default(defaults.dnssec.sha1),
      rolloverState: path().nullable().default(defaults.dnssec.rolloverState),
    }),
    cache: section({
      maxOctets: octets(MIB, MIB * MIB).default(defaults.cache.maxOctets),
      minTtl: seconds(86_400).default(defaults.cache.minTtl),
      maxTtl: seconds(limitTable.ttlSeconds.most).default(defaults.cache.maxTtl),
      maxNegativeTtl: seconds(limitTable.negativeTtlSeconds.most).default(defaults.cache.maxNegativeTtl),
      serveStale: notBuilt(false).default(false),
      prefetch: notBuilt(false).default(false),
    }),
    zones: list(zone, 'a list of { zone: NAME, forward: [ADDRESS] }').default(defaults.zones),
    hosts: z.union([z.literal(false), path()], expected('the path of a hosts file, or false')).default(defaults.hosts),
    local: section({
      zones: list(localZone, 'a list of { zone: NAME, kind: static }').default(defaults.local.zones),
      data: list(
        z.string(expected('a record such as "nas.home.arpa. 300 IN A 192.168.1.2"')),
        'a list of records',
      ).default(defaults.local.data),
      specialUse: flag().default(defaults.local.specialUse),
    }),
    clients: section({
      cookies: flag().default(defaults.clients.cookies),
      rateLimit: rateLimit.default(defaults.clients.rateLimit),
      dropPrivateAddresses: dropPrivateAddresses.default(defaults.clients.dropPrivateAddresses),
    }),
    control: z.union([z.literal(false), path()], expected('the path of a socket, or false')).default(defaults.control),
    console: z
      .union([z.literal(false), loopbackAddress()], expected('a loopback address with port, or false'))
      .default(defaults.console),
    log: section({
      level: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default(defaults.log.level),
      queries: notBuilt(false).default(false),
    }),
  },
  expected('keys with values'),
);

// ---- What only the whole shows

function contradictions(settings: Settings): SettingsFault[] {
  const faults: SettingsFault[] = [];
  const fault = (path: readonly (string | number)[], message: string) => faults.push({ path, atKey: false, message });
  const { upstream, cache } = settings;
  if (!upstream.ipv4 && !upstream.ipv6)
    fault(['upstream', 'ipv6'], 'ipv4 and ipv6 are both off: no server could be asked');
  if (cache.minTtl > cache.maxTtl) {
    fault(['cache', 'minTtl'], `${cache.minTtl} s is more than cache.maxTtl, ${cache.maxTtl} s`);
  }
  const seen = new Set<string>();
  for (const [index, { zone }] of settings.zones.entries()) {
    const name = zone.toLowerCase().replace(/(.)\.$/, '$1');
    if (seen.has(name)) fault(['zones', index, 'zone'], `${zone} is there twice; name all its servers in one entry`);
    seen.add(name);
  }
  return faults;
}

// ---- Unknown keys

const ITEM_KEYS: { readonly [list: string]: readonly string[] } = {
  zones: ['zone', 'forward', 'stub'],
  'local.zones': ['zone', 'kind'],
  'dnssec.negativeTrustAnchors': ['zone', 'until', 'reason'],
  'clients.rateLimit': ['responsesPerSecond', 'slip', 'ipv4Prefix', 'ipv6Prefix', 'exempt'],
  'clients.dropPrivateAddresses': ['except'],
};

/** `listed`: the sections whose keys were told before; they are told once. */
function unknownKey(path: readonly (string | number)[], key: string, listed: Set<string>): string {
  const place = path.filter((part) => typeof part === 'string').join('.');
  const near = nearest(key, keysAt(place));
  if (near !== undefined) return `unknown key; did you mean ${near}?`;
  const elsewhere = everyKey().find(
    (whole) => simplify(whole) === simplify(key) || simplify(whole.split('.').at(-1) ?? '') === simplify(key),
  );
  if (elsewhere !== undefined) return `unknown key; did you mean ${elsewhere}?`;
  const known = keysAt(place);
  if (known.length === 0 || listed.has(place)) return 'unknown key';
  listed.add(place);
  return `unknown key; the keys here are ${known.join(', ')}`;
}

function keysAt(place: string): readonly string[] {
  const items = ITEM_KEYS[place];
  if (items !== undefined) return items;
  const section = place === '' ? defaults : (Object.entries(defaults).find(([key]) => key === place)?.[1] as unknown);
  return typeof section === 'object' && section !== null && !Array.isArray(section) ? Object.keys(section) : [];
}

/** All keys as `section.key`. */
function everyKey(): string[] {
  return Object.keys(defaults).flatMap((key) => [
    key,
    ...(ITEM_KEYS[key] === undefined ? keysAt(key).map((leaf) => `${key}.${leaf}`) : []),
  ]);
}
