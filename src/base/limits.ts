// Every bound of the resolver in one table: what it limits, by how much, and why.

/** One bound: its default, the least and the most that settings or tests may choose, its unit, and the reason. */
export interface LimitRow {
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly unit: string;
  readonly reason: string;
}

const KIB = 1024;

function row(value: number, least: number, most: number, unit: string, reason: string): LimitRow {
  return { value, least, most, unit, reason };
}

/** The name of a bound; extended errors and events carry it. */
export type LimitName =
  | 'aliasLinks'
  | 'upstreamQueries'
  | 'lookupDepth'
  | 'iterations'
  | 'nameServerLookups'
  | 'nameServerLookupsPerDelegation'
  | 'addressSendsPerZone'
  | 'resolutionMs'
  | 'zoneSilenceMs'
  | 'sendsPerServer'
  | 'sendsPerLookup'
  | 'signatureChecks'
  | 'signatureChecksPerRRset'
  | 'keysPerTag'
  | 'bogusRetries'
  | 'nsec3Iterations'
  | 'nsec3Hashes'
  | 'minimisationSteps'
  | 'nameServersPerDelegation'
  | 'addressesPerNameServer'
  | 'rdatasPerRRset'
  | 'signaturesPerRRset'
  | 'anyRRsets'
  | 'firstTimeoutMs'
  | 'hedgeMs'
  | 'leastTimeoutMs'
  | 'mostTimeoutMs'
  | 'tcpTimeoutMs'
  | 'udpPayloadOctets'
  | 'ednsOptions'
  | 'compressionEntries'
  | 'ttlSeconds'
  | 'negativeTtlSeconds'
  | 'bogusTtlSeconds'
  | 'failureTtlSeconds'
  | 'failureTtlMostSeconds'
  | 'resolutions'
  | 'questionsPerZone'
  | 'questionsPerServer'
  | 'questionsPerSilentServer'
  | 'startWaitMs'
  | 'clientsPerQuestion'
  | 'repliesPerClient'
  | 'tcpConnections'
  | 'tcpConnectionsPerClient'
  | 'tcpIdleMs'
  | 'tcpInFlight'
  | 'recordingOctets'
  | 'recordingsOctets'
  | 'recordingsPerSecond'
  | 'failuresOctets'
  | 'failuresPerSecond'
  | 'failuresBurst';

/** The table itself, for documentation and for settings. */
export const limitTable: { readonly [Name in LimitName]: LimitRow } = {
  // What one client question may cause, sub-lookups included.
  aliasLinks: row(11, 1, 64, 'links', 'CNAME and DNAME chains end; Unbound 11, Knot 13'),
  upstreamQueries: row(100, 4, 1000, 'queries', 'amplification; Unbound 200, PowerDNS 50 per name'),
  lookupDepth: row(7, 1, 32, 'levels', 'name servers named by name servers; BIND 7'),
  iterations: row(150, 4, 1000, 'passes', 'of the referral loop: referrals, minimisation steps and failed servers'),
  nameServerLookups: row(20, 1, 100, 'names', 'NXNSAttack, per client question'),
  nameServerLookupsPerDelegation: row(5, 1, 50, 'names', 'NXNSAttack, per delegation'),
  addressSendsPerZone: row(12, 2, 1000, 'sends', 'NXNSAttack: to one zone for addresses of name servers'),
  resolutionMs: row(7000, 100, 60_000, 'ms', 'total time of a client question; PowerDNS 7 s'),
  zoneSilenceMs: row(4000, 100, 60_000, 'ms', 'waiting for any whole response of a zone; clients ask again after 5 s'),
  sendsPerServer: row(3, 1, 10, 'sends', 'the same question to one address within a lookup: stubborn servers'),
  sendsPerLookup: row(10, 2, 64, 'sends', 'one question at one zone: dead and stubborn zones, shared addresses'),
  signatureChecks: row(32, 1, 1000, 'checks', 'KeyTrap, per client question'),
  signatureChecksPerRRset: row(8, 1, 100, 'checks', 'KeyTrap, per RRset'),
  keysPerTag: row(2, 1, 16, 'keys', 'KeyTrap: keys of one tag tried'),
  bogusRetries: row(
    5,
    0,
    10,
    'retries',
    'servers are asked again, others first, before data count as bogus, per client question; Unbound 5',
  ),
  nsec3Iterations: row(50, 0, 2500, 'iterations', 'RFC 9276, 3.2: above it a zone is insecure'),
  nsec3Hashes: row(64, 1, 10_000, 'hashes', 'CVE-2023-50868, per client question'),
  minimisationSteps: row(10, 0, 127, 'steps', 'RFC 9156, 2.3: MAX_MINIMISE_COUNT'),

  // What is kept of one response.
  nameServersPerDelegation: row(20, 1, 200, 'names', 'CacheFlush; Unbound 20'),
  addressesPerNameServer: row(4, 1, 32, 'addresses', 'per name and family'),
  rdatasPerRRset: row(256, 16, 4096, 'records', 'CVE-2024-1737; PowerDNS 256'),
  signaturesPerRRset: row(8, 1, 64, 'signatures', 'Unbound keeps 8'),
  anyRRsets: row(
    24,
    1,
    1000,
    'RRsets',
    'RFC 8482, 4.1: of an answer to ANY, within the signature checks of a question',
  ),

  // Time.
  firstTimeoutMs: row(400, 10, 5000, 'ms', 'first question to an unknown server; Knot 400 ms'),
  hedgeMs: row(150, 10, 5000, 'ms', 'a server never asked is late after this, and a second is asked'),
  leastTimeoutMs: row(50, 1, 1000, 'ms', 'never less, however fast the server was'),
  mostTimeoutMs: row(2000, 100, 10_000, 'ms', 'one send; several must fit in the total'),
  tcpTimeoutMs: row(3000, 100, 10_000, 'ms', 'connect, send and receive'),

  // Messages.
  udpPayloadOctets: row(1232, 512, 4096, 'octets', 'DNS flag day 2020: no fragments'),
  ednsOptions: row(32, 1, 1000, 'options', 'CVE-2026-41292: options per message'),
  compressionEntries: row(128, 0, 4096, 'names', 'CVE-2024-8508: names remembered while writing'),

  // Cache.
  ttlSeconds: row(86_400, 0, 604_800, 's', 'RFC 8767, 4'),
  negativeTtlSeconds: row(3600, 0, 86_400, 's', 'RFC 2308, 5'),
  bogusTtlSeconds: row(60, 0, 300, 's', 'RFC 4035, 4.7'),
  failureTtlSeconds: row(5, 1, 300, 's', 'RFC 9520, 3.2: at least 1 s; doubles'),
  failureTtlMostSeconds: row(300, 1, 300, 's', 'RFC 9520, 3.2: at most 5 minutes'),

  // Clients.
  resolutions: row(10_000, 1, 100_000, 'resolutions', 'work in progress at once'),
  questionsPerZone: row(
    2500,
    1,
    100_000,
    'questions',
    'in flight, random subdomains: a quarter of all; configured zones exempt',
  ),
  questionsPerServer: row(2500, 1, 100_000, 'questions', 'in flight, likewise'),
  questionsPerSilentServer: row(100, 1, 100_000, 'questions', 'in flight to a server that failed three times in a row'),
  startWaitMs: row(4000, 1, 60_000, 'ms', 'for a resolution to begin under load; clients ask again after 5 s'),
  clientsPerQuestion: row(100, 1, 10_000, 'clients', 'waiting on one resolution'),
  repliesPerClient: row(1000, 1, 100_000, 'replies', 'DNSBomb: awaited by one address; loopback exempt'),
  tcpConnections: row(1000, 1, 100_000, 'connections', 'RFC 7766, 6.2.2'),
  tcpConnectionsPerClient: row(50, 1, 10_000, 'connections', 'one address; loopback exempt'),
  tcpIdleMs: row(10_000, 100, 120_000, 'ms', 'RFC 7766, 6.2.3; shorter when full'),
  tcpInFlight: row(100, 1, 10_000, 'queries', 'pipelined on one connection'),

  // What is written down of resolutions, so that failures can be played again.
  recordingOctets: row(512 * KIB, KIB, 1024 * KIB * KIB, 'octets', 'of one resolution; most take less than 16 KiB'),
  recordingsOctets: row(32 * KIB * KIB, 0, 1024 * KIB * KIB, 'octets', 'of all resolutions in progress'),
  recordingsPerSecond: row(
    200,
    0,
    1_000_000,
    'resolutions',
    'begun to be written down, and as many at once: some 8 µs each, so a fifth of a percent of a core',
  ),
  failuresOctets: row(8 * KIB * KIB, 0, 1024 * KIB * KIB, 'octets', 'of the failures kept: some 300'),
  failuresPerSecond: row(
    2,
    0,
    10_000,
    'failures',
    'kept in the long run: a flood neither costs much nor hides the rest',
  ),
  failuresBurst: row(50, 1, 10_000, 'failures', 'kept at once'),
};

/** One number for each bound. Tests may lift one to show what it holds back. */
export type Limits = { readonly [Key in LimitName]: number };

/** The default bounds with `changes` applied; a change outside least..most throws RangeError with the bound's name. */
export function makeLimits(changes: Partial<Limits> = {}): Limits {
  const limits = {} as { -readonly [Key in LimitName]: number };
  for (const name of Object.keys(limitTable) as LimitName[]) {
    const { value, least, most, unit } = limitTable[name];
    const chosen = changes[name] ?? value;
    if (!(chosen >= least && chosen <= most)) {
      throw new RangeError(`${name}: ${chosen} is not within ${least}..${most} ${unit}`);
    }
    limits[name] = chosen;
  }
  return limits;
}
