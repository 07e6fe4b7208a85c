// The catalogue of attacks: what each is, what rootwalk does about it, by which limit, and what the peers do.

/** One class of attack. `open`: what is not built yet, so that no figure can be given. */
export interface Row {
  readonly section: 'Forged answers' | 'Bailiwick and cache' | 'DNSSEC' | 'Amplification' | 'Exhaustion';
  readonly attack: string;
  readonly source: string;
  readonly defence: string;
  readonly limit: string;
  readonly peers: string;
  /** The file under test/attacks/ with its test. */
  readonly test?: string;
  readonly open?: string;
  /** Why there is nothing to attack. */
  readonly absent?: string;
}

const forged = { section: 'Forged answers' } as const;
const cache = { section: 'Bailiwick and cache' } as const;
const dnssec = { section: 'DNSSEC' } as const;
const amplification = { section: 'Amplification' } as const;
const exhaustion = { section: 'Exhaustion' } as const;

/** The id of a row. */
export type RowId =
  | 'entropy'
  | 'prng'
  | 'case'
  | 'cookie'
  | 'sidechannel'
  | 'fragments'
  | 'birthday'
  | 'rebirthday'
  | 'idflood'
  | 'tudoor'
  | 'forwarder'
  | 'bailiwick'
  | 'maginot'
  | 'promiscuous'
  | 'sibling'
  | 'ghost'
  | 'phoenix'
  | 'labels'
  | 'cacheflush'
  | 'badglue'
  | 'notify'
  | 'ecs'
  | 'formerr'
  | 'stale'
  | 'rebinding'
  | 'ttl'
  | 'keytrap'
  | 'stall'
  | 'nsec3'
  | 'negpad'
  | 'lowlabels'
  | 'nsecabuse'
  | 'wrongside'
  | 'wildcard'
  | 'downgrade'
  | 'rsa'
  | 'bogusretry'
  | 'invalidkeys'
  | 'nxns'
  | 'nrdelegation'
  | 'cname'
  | 'tsuname'
  | 'idns'
  | 'camp'
  | 'minimise'
  | 'stubborn'
  | 'manyaddresses'
  | 'randomsub'
  | 'dead'
  | 'storm'
  | 'dnsbomb'
  | 'slowloris'
  | 'pipelining'
  | 'http2'
  | 'doq'
  | 'reflection'
  | 'ratelimit'
  | 'loop'
  | 'malformedquery'
  | 'malformedreply'
  | 'options'
  | 'compression'
  | 'bigrr'
  | 'additional'
  | 'memory'
  | 'hour'
  | 'log'
  | 'kill';

/** Every row of the table, by its id. */
export const rows: Readonly<Record<RowId, Row>> = {
  entropy: {
    ...forged,
    attack: 'Guessing of port and ID (Kaminsky)',
    source: 'CVE-2008-1447, RFC 5452',
    defence: 'A socket for each query, its port drawn from 1024 to 65535, the ID drawn, both by the CSPRNG',
    limit: 'none: always',
    peers: 'Unbound and PowerDNS the same range; BIND and Knot the kernel’s 28,000 ports (14.8 bits)',
    test: 'entropy.test.ts',
  },
  prng: {
    ...forged,
    attack: 'Predictable random numbers; ports parted between threads',
    source: 'CVE-2025-40780, CVE-2026-50252',
    defence:
      'All chance comes from the kernel’s CSPRNG through one port; nothing else may draw (the tests read the sources)',
    limit: 'none: always',
    peers: 'BIND drew from xoshiro128**; Unbound parted ports by thread',
    test: 'entropy.test.ts',
  },
  case: {
    ...forged,
    attack: 'Forged answers past ID and port: 0x20',
    source: 'Dagon 2008',
    defence: 'The case of each letter is drawn and must come back; a mismatch is settled over TCP',
    limit: 'caseRandomisation',
    peers: 'Knot always; Unbound and PowerDNS off by default; BIND none',
    test: 'entropy.test.ts',
  },
  cookie: {
    ...forged,
    attack: 'Forged answers past ID, port and case: DNS cookies',
    source: 'RFC 7873, RFC 9018',
    defence:
      'A server gets a cookie of its own; once it has given one, a reply without both is settled over TCP; none is kept when our address changes',
    limit: 'upstream.cookies',
    peers: 'BIND sends them; Unbound, PowerDNS and Knot do not',
    test: 'cookies.test.ts',
  },
  sidechannel: {
    ...forged,
    attack: 'SAD DNS: ports found by ICMP side channels',
    source: 'CVE-2020-25705',
    defence: 'Connected sockets: the kernel drops what is not from the server asked; one query each, closed at once',
    limit: 'none: always',
    peers: 'Kernel fixes, connected sockets',
    test: 'entropy.test.ts',
  },
  fragments: {
    ...forged,
    attack: 'Poison in the second fragment',
    source: 'Herzberg and Shulman 2013, CVE-2025-59024',
    defence: 'A payload of 1232 octets is offered, so that servers send no fragments; longer answers come over TCP',
    limit: 'udpPayloadOctets',
    peers: '1232 each; Unbound and PowerDNS set IP_PMTUDISC too, which Node cannot',
    test: 'entropy.test.ts',
  },
  birthday: {
    ...forged,
    attack: 'Birthday: many equal questions in flight',
    source: 'VU#457875',
    defence: 'Equal questions wait for one resolution, and equal exchanges with a server are one',
    limit: 'none: by design',
    peers: 'All aggregate',
    test: 'forgery.test.ts',
  },
  rebirthday: {
    ...forged,
    attack: 'Rebirthday: variants of flags, case and ECS undo the aggregation',
    source: 'CVE-2025-5994, CVE-2025-40776, CVE-2025-30192',
    defence: 'Upstream queries do not depend on the client’s flags or options; ECS is not implemented',
    limit: 'none: by design',
    peers: 'Unbound, BIND-S and PowerDNS were open to it while ECS was on',
    test: 'forgery.test.ts',
  },
  idflood: {
    ...forged,
    attack: 'A flood of wrong IDs on the right port',
    source: 'BIND 2026, PowerDNS spoof-nearmiss-max',
    defence: 'The first wrong ID from the server’s address moves the question to TCP',
    limit: 'none: always',
    peers: 'PowerDNS after one, BIND since 2026, Knot; Unbound counts only',
    test: 'forgery.test.ts',
  },
  tudoor: {
    ...forged,
    attack: 'TuDoor: malformed answers that end the wait',
    source: 'IEEE S&P 2024',
    defence: 'What does not match is passed over and the wait goes on; what nearly matches is settled over TCP',
    limit: 'none: always',
    peers: 'Knot resolves 12 of 12, Unbound 4 of 12 (the rest SERVFAIL)',
    test: 'forgery.test.ts',
  },
  forwarder: {
    ...forged,
    attack: 'The same against forwarding (DNSpooq)',
    source: 'CVE-2020-25684 to 25686',
    defence: 'Forwarders go through the same exchange: port, ID, case, connected socket',
    limit: 'none: by design',
    peers: 'As for iteration',
    test: 'forgery.test.ts',
  },
  bailiwick: {
    ...cache,
    attack: 'Records that the server may not speak of (Kashpureff)',
    source: '1997; RFC 2181, 5.4.1',
    defence: 'Kept are the answer to the question, its alias chain within the zone, and glue of the referral in hand',
    limit: 'none: always',
    peers: 'All scrub',
    test: 'bailiwick.test.ts',
  },
  maginot: {
    ...cache,
    attack: 'MaginotDNS: looser checks towards forwarders',
    source: 'CVE-2021-25220, CVE-2022-32983',
    defence: 'One scrub() for authoritative servers, stubs and forwarders',
    limit: 'none: by design',
    peers: 'BIND and Knot were open to it',
    test: 'bailiwick.test.ts',
  },
  promiscuous: {
    ...cache,
    attack: 'An NS set beside an answer replaces the delegation',
    source: 'CVE-2025-11411, CVE-2025-40778, CVE-2025-59023',
    defence:
      'A delegation comes from a referral by its parent and from nowhere else; servers named beside an answer are asked only where all of the delegation have failed, and go with it',
    limit: 'none: by design',
    peers: 'Unbound iter-scrub-promiscuous; BIND takes them over TCP or with cookies; PowerDNS 4.8.8 followed 2 of 4',
    test: 'bailiwick.test.ts',
  },
  sibling: {
    ...cache,
    attack: 'Sibling glue, and a DNAME above the zone',
    source: 'CVE-2026-42960',
    defence: 'Glue is bound to its delegation and never answers a client; a DNAME must lie in the zone asked',
    limit: 'none: by design',
    peers: 'Sibling glue for the referral in hand only',
    test: 'bailiwick.test.ts',
  },
  ghost: {
    ...cache,
    attack: 'Ghost domains: a revoked zone keeps itself alive',
    source: 'CVE-2012-1033, CVE-2022-30698, CVE-2026-40622',
    defence: 'Only the parent’s word makes or lengthens a delegation and its glue',
    limit: 'none: by design',
    peers: 'Unbound, BIND and PowerDNS clamp the child’s NS; variants still hold in some',
    test: 'ghost.test.ts',
  },
  phoenix: {
    ...cache,
    attack: 'Phoenix domains: a sub-delegation keeps the revoked zone alive',
    source: 'NDSS 2023, CVE-2022-30699',
    defence: 'A delegation ends no later than the ones above it',
    limit: 'none: by design',
    peers: 'Unbound passes; BIND, Knot and PowerDNS keep it',
    test: 'ghost.test.ts',
  },
  labels: {
    ...cache,
    attack: 'Dots, NUL and other octets within labels; JavaScript’s own names as keys',
    source: 'Jeitner and Shulman 2021',
    defence: 'Names are octets with lengths, keys of Maps, folded in ASCII alone',
    limit: 'none: by design',
    peers: '–',
    test: 'bailiwick.test.ts',
  },
  cacheflush: {
    ...cache,
    attack: 'CacheFlush: giant NS sets fill the cache',
    source: 'Afek et al. 2024',
    defence: 'So many names of an NS RRset are kept, and glue for these alone',
    limit: 'nameServersPerDelegation',
    peers: 'Unbound 20, BIND 13, PowerDNS 13',
    test: 'amplification.test.ts',
  },
  badglue: {
    ...cache,
    attack: 'Glue of 0.0.0.0 and other addresses that are no servers',
    source: 'CVE-2026-50251',
    defence: 'Addresses of upstream.deny are never asked',
    limit: 'upstream.deny',
    peers: 'Unbound do-not-query-localhost; PowerDNS dont-query',
    test: 'bailiwick.test.ts',
  },
  notify: {
    ...cache,
    attack: 'NOTIFY clears the cache',
    source: 'CVE-2025-59030',
    defence: 'Any opcode but QUERY is NOTIMP',
    limit: 'none: always',
    peers: 'PowerDNS cleared its cache',
    test: 'clients.test.ts',
  },
  ecs: {
    ...cache,
    attack: 'ECS: leak of clients, poison by scope 0',
    source: 'CVE-2026-40012',
    defence: 'Not offered: option 8 is neither sent nor kept',
    limit: 'none: by design',
    peers: 'Optional',
    test: 'forgery.test.ts',
  },
  formerr: {
    ...cache,
    attack: 'A forged FORMERR marks a server as without EDNS (and so DNSSEC)',
    source: 'CVE-2026-52690',
    defence: 'Only refusals confirmed by a plain reply count, three in a row, and for ten minutes',
    limit: '3 refusals, 600 s',
    peers: 'An advisory of 2026',
    test: 'forgery.test.ts',
  },
  stale: {
    ...cache,
    attack: 'Old data kept alive by silencing the authority',
    source: 'RFC 8767, CVE-2026-46582',
    defence: 'Stale data are not served',
    limit: 'none: not offered',
    peers: 'A switch',
    test: 'ghost.test.ts',
  },
  rebinding: {
    ...cache,
    attack: 'DNS rebinding: private addresses from public zones',
    source: '2007',
    defence:
      'As a switch: private addresses, also within IPv6 and in the hints of HTTPS records, are left out of the answers of names that no setting exempts, wherever their aliases lead',
    limit: 'clients.dropPrivateAddresses',
    peers: 'private-address, rebinding module; off by default in all',
    test: 'rebinding.test.ts',
  },
  ttl: {
    ...cache,
    attack: 'TTLs with the top bit set',
    source: 'RFC 2181, 8; RFC 8767, 4',
    defence: 'A large value, cut to the cap',
    limit: 'ttlSeconds',
    peers: 'One day (Unbound, PowerDNS, Knot), seven days (BIND)',
    test: 'ghost.test.ts',
  },
  keytrap: {
    ...dnssec,
    attack: 'KeyTrap: KeySigTrap, SigJam, LockCram, HashTrap',
    source: 'CVE-2023-50387',
    defence: 'Checks are paid from the question’s budget; signatures, keys of one tag and their product are bounded',
    limit: 'signatureChecks, signatureChecksPerRRset, keysPerTag, signaturesPerRRset',
    peers: 'Unbound 8 signatures, BIND 16 checks, PowerDNS 2 per record and 30, Knot 32',
    test: 'keytrap.test.ts',
  },
  stall: {
    ...dnssec,
    attack: 'KeyTrap: other clients stall meanwhile',
    source: 'CVE-2023-50387',
    defence:
      'After 1 ms of checks (under load as long as all the rest of a turn) the thread goes back to the event loop',
    limit: '1 ms a turn, 25 under load',
    peers: 'Unbound suspends NSEC3 proofs after 8 hashes',
    test: 'keytrap.test.ts',
  },
  nsec3: {
    ...dnssec,
    attack: 'NSEC3 closest-encloser proofs',
    source: 'CVE-2023-50868, CVE-2026-42923, CVE-2026-1519',
    defence: 'Hashes are paid from the question’s budget; above 50 iterations a zone is insecure (EDE 27)',
    limit: 'nsec3Iterations, nsec3Hashes',
    peers: 'Unbound 150 iterations, BIND, PowerDNS and Knot 50, Hickory 100; PowerDNS 600 hashes',
    test: 'nsec3.test.ts',
  },
  negpad: {
    ...dnssec,
    attack: 'Padded denials: hundreds of signed NSEC or NSEC3',
    source: 'CVE-2026-11605, CVE-2026-3104',
    defence: 'By construction: eight records of a proof are taken and no more, each check paid from the budget',
    limit: 'signatureChecks, 8 proofs',
    peers: 'By the validation budget',
    test: 'nsec3.test.ts',
  },
  lowlabels: {
    ...dnssec,
    attack: 'RRSIG with fewer labels than its signer',
    source: 'CVE-2026-44690, CVE-2026-52688, CVE-2026-11721',
    defence: 'Such a signature is no signature',
    limit: 'none: always',
    peers: 'Advisories for all four in 2026',
    test: 'downgrade.test.ts',
  },
  nsecabuse: {
    ...dnssec,
    attack: 'NSEC whose next name lies outside of its zone; NSEC carried along with other answers',
    source: 'CVE-2026-13321, BIND #5977',
    defence: 'An NSEC must begin and end within its zone, be signed by it, and proves nothing below its cuts',
    limit: 'none: always',
    peers: 'Advisories for BIND and Knot in 2026',
    test: 'downgrade.test.ts',
  },
  wrongside: {
    ...dnssec,
    attack: 'NSEC of child, parent or grandparent for another zone’s denial',
    source: 'CVE-2026-10723, RFC 6840, 4.1',
    defence: 'The signer must be the zone that denies; NS without SOA proves nothing below; DS is the parent’s',
    limit: 'none: always',
    peers: 'Advisories for BIND in 2026',
    test: 'downgrade.test.ts',
  },
  wildcard: {
    ...dnssec,
    attack: 'Wildcard replay',
    source: 'CVE-2026-46582, CVE-2026-52686',
    defence: 'An expanded answer, CNAME too, needs the proof that no closer name exists',
    limit: 'none: always',
    peers: 'Advisories of 2026',
    test: 'downgrade.test.ts',
  },
  downgrade: {
    ...dnssec,
    attack: 'Stripped, expired, foreign or weakened signatures; DS of unknown kinds; poison through CD',
    source: 'RFC 4035, 6840, 6975; Heftrig 2022',
    defence: 'Missing is bogus; insecure only when no DS is supported; bogus data never reach those without CD',
    limit: 'none: always',
    peers: '–',
    test: 'downgrade.test.ts',
  },
  rsa: {
    ...dnssec,
    attack: 'Huge RSA exponents and moduli',
    source: 'BIND rsabigexponent',
    defence: 'Moduli to 4,096 bits, exponents to 35; a larger key counts as missing',
    limit: '4,096 and 35 bits',
    peers: 'BIND tests it too',
    test: 'keytrap.test.ts',
  },
  bogusretry: {
    ...dnssec,
    attack: 'Bogus data multiply queries by retries',
    source: 'CVE-2026-50045',
    defence: 'Five retries for the whole question, from its one budget; bogus is kept 60 s',
    limit: 'bogusRetries, bogusTtlSeconds',
    peers: 'Unbound reset its quota at each restart',
    test: 'downgrade.test.ts',
  },
  invalidkeys: {
    ...dnssec,
    attack: 'Malformed keys among colliding ones',
    source: 'CVE-2025-8677',
    defence: 'A key that cannot be imported counts as a check, and is remembered',
    limit: 'keysPerTag, signatureChecks',
    peers: 'BIND did not count them until 2025',
    test: 'keytrap.test.ts',
  },
  nxns: {
    ...amplification,
    attack: 'NXNSAttack',
    source: 'CVE-2020-8616, 12662, 12667, 10995',
    defence:
      'Names of servers are looked up only when no address is left, so many a delegation, with so many sends to one zone',
    limit: 'nameServerLookupsPerDelegation, nameServerLookups, addressSendsPerZone',
    peers: 'Unbound 16 names, PowerDNS 10, Knot 5, BIND 13',
    test: 'amplification.test.ts',
  },
  nrdelegation: {
    ...amplification,
    attack: 'NRDelegation: 1,500 name servers that lead nowhere',
    source: 'CVE-2022-3204, CVE-2022-2795',
    defence: 'The same bounds; the rest of the NS RRset is not kept',
    limit: 'nameServersPerDelegation, nameServerLookups',
    peers: 'Limits since 2022',
    test: 'amplification.test.ts',
  },
  cname: {
    ...amplification,
    attack: 'Chains of CNAME and DNAME across zones (Unchained)',
    source: 'Bushart and Rossow 2018',
    defence: 'Links are counted over the whole question',
    limit: 'aliasLinks',
    peers: 'Unbound 11, BIND 11, PowerDNS 10, Knot 13',
    test: 'amplification.test.ts',
  },
  tsuname: {
    ...amplification,
    attack: 'TsuNAME: zones that name each other’s servers',
    source: '2021',
    defence: 'A lookup that meets itself drops that server; the failure of a server’s name is kept',
    limit: 'lookupDepth, failureTtlSeconds',
    peers: 'Loop detection and failure caches',
    test: 'amplification.test.ts',
  },
  idns: {
    ...amplification,
    attack: 'iDNS: delegations without end',
    source: 'CVE-2014-8500, 8601, 8602',
    defence: 'Passes, depth and queries are bounded for the question as a whole',
    limit: 'iterations, lookupDepth, upstreamQueries',
    peers: 'Unbound 130 referrals, BIND 7 deep, PowerDNS 16 deep',
    test: 'amplification.test.ts',
  },
  camp: {
    ...amplification,
    attack: 'CAMP: products of the above',
    source: 'USENIX Security 2024',
    defence: 'One budget by reference through every sub-lookup; nothing refills it',
    limit: 'upstreamQueries',
    peers: 'Unbound 200, BIND 200, PowerDNS 50 per name',
    test: 'amplification.test.ts',
  },
  minimise: {
    ...amplification,
    attack: 'QNAME minimisation times labels',
    source: 'RFC 9156, 2.3',
    defence: 'Ten steps, the later ones of several labels',
    limit: 'minimisationSteps',
    peers: '10 steps',
    test: 'amplification.test.ts',
  },
  stubborn: {
    ...amplification,
    attack: 'Servers that never give an answer, in fourteen ways',
    source: 'CVE-2026-5950',
    defence: 'One further send for each cause; sends to a server and at a zone are bounded',
    limit: 'sendsPerServer, sendsPerLookup',
    peers: 'Unbound up to 145 packets',
    test: 'dead.test.ts',
  },
  manyaddresses: {
    ...amplification,
    attack: 'Many name servers that share addresses',
    source: 'CVE-2026-3592',
    defence: 'Each address is one server',
    limit: 'sendsPerLookup, addressesPerNameServer',
    peers: 'BIND asked each anew',
    test: 'dead.test.ts',
  },
  randomsub: {
    ...amplification,
    attack: 'Random subdomains (water torture)',
    source: '2014; RFC 8198',
    defence:
      'Denials are made from the NSEC and NSEC3 ranges already proven (RFC 8198); else one query for each name, and so many in flight for a zone and for a server, few for one that is silent',
    limit: 'questionsPerZone, questionsPerServer, questionsPerSilentServer',
    peers:
      '0.0 to 1.0 in signed zones, 1.0 in others; BIND fetches-per-zone and -per-server, Unbound ratelimit, off by default',
    test: 'flood.test.ts',
  },
  dead: {
    ...amplification,
    attack: 'Dead authorities asked again and again',
    source: 'RFC 9520',
    defence: 'Few sends, for less time than a client waits (5 s); then the failure is kept from 5 s doubling to 300 s',
    limit: 'sendsPerLookup, zoneSilenceMs, failureTtlSeconds',
    peers: 'PowerDNS 2 packets in 3.5 s',
    test: 'dead.test.ts',
  },
  storm: {
    ...exhaustion,
    attack: 'Slow authorities fill all slots',
    source: 'CVE-2026-42534',
    defence: 'Cached answers need no slot; of the resolutions at once, half make room for newer ones after 200 ms each',
    limit: 'resolutions',
    peers: 'Unbound lets half of the slots be taken over after 200 ms',
    test: 'service.test.ts',
  },
  dnsbomb: {
    ...exhaustion,
    attack: 'DNSBomb: answers held back, then let go at once',
    source: 'CVE-2024-33655',
    defence: 'Answers later than 1.9 s go at 10 a second to an address that no cookie proves; so many are awaited',
    limit: 'repliesPerClient, clientsPerQuestion',
    peers: 'Unbound drops after 1.9 s, 1,000 waiting per address',
    test: 'clients.test.ts',
  },
  slowloris: {
    ...exhaustion,
    attack: 'TCP slowloris',
    source: 'RFC 7766, 6.2',
    defence: 'Half queries are no activity; connections are capped in all and by address, the longest idle go first',
    limit: 'tcpConnections, tcpConnectionsPerClient, tcpIdleMs',
    peers: 'Unbound 10 connections (7.8 s to a new client), BIND 150, PowerDNS 1,024',
    test: 'sockets.test.ts',
  },
  pipelining: {
    ...exhaustion,
    attack: 'Pipelining without reading',
    source: 'CVE-2024-12705',
    defence: 'Nothing is read while replies back up; so many queries in flight',
    limit: 'tcpInFlight',
    peers: 'PowerDNS 10 queries at once on a connection',
    test: 'sockets.test.ts',
  },
  http2: {
    ...exhaustion,
    attack: 'HTTP/2 SETTINGS flood and rapid reset',
    source: 'CVE-2026-3593, CVE-2023-44487',
    defence: 'DoH is not offered',
    limit: '-',
    peers: 'Caps',
    absent: 'not offered',
  },
  doq: {
    ...exhaustion,
    attack: 'DoQ',
    source: 'Unbound and Knot 2026',
    defence: 'DoQ is not offered',
    limit: '-',
    peers: 'Unbound and Knot offer it',
    absent: 'not offered',
  },
  reflection: {
    ...exhaustion,
    attack: 'Reflection with ANY, DNSKEY, TXT',
    source: 'RFC 8482, RFC 7873',
    defence: '1232 octets at most; ANY over 512 only by TCP; strangers are REFUSED in the size of their query',
    limit: 'udpPayloadOctets, allow',
    peers: '1232 each',
    test: 'clients.test.ts',
  },
  ratelimit: {
    ...exhaustion,
    attack: 'Reflection at volume, with the addresses of a victim’s network',
    source: 'Vixie and Schryver 2012',
    defence:
      'As a switch: so many replies a second go to a network over UDP; of the rest every second one is TC without records; cookies and TCP are exempt',
    limit: 'clients.rateLimit',
    peers: 'BIND and NSD the same (RRL), Knot a module, Unbound ip-ratelimit; off by default in all',
    test: 'rate-limit.test.ts',
  },
  loop: {
    ...exhaustion,
    attack: 'Loops between servers',
    source: 'CVE-2024-2169',
    defence: 'A response is never answered, nor what comes from port 0, 7, 13, 17 or 19',
    limit: 'none: always',
    peers: '–',
    test: 'clients.test.ts',
  },
  malformedquery: {
    ...exhaustion,
    attack: 'Malformed queries',
    source: 'RFC 9267',
    defence: 'Header first, every read within bounds; FORMERR, NOTIMP, REFUSED, BADVERS or silence',
    limit: 'none: always',
    peers: 'Many packets of death over the years',
    test: 'clients.test.ts',
  },
  malformedreply: {
    ...exhaustion,
    attack: 'Malformed replies by authorities',
    source: 'RFC 9267',
    defence: 'The parser throws within its bounds, the exchange passes on to the next server',
    limit: 'none: always',
    peers: '–',
    test: 'forgery.test.ts',
  },
  options: {
    ...exhaustion,
    attack: 'Many or huge EDNS options',
    source: 'CVE-2026-41292, CVE-2026-42944',
    defence: 'Options of clients are passed over without a copy; of replies so many are read',
    limit: 'ednsOptions',
    peers: 'Advisories of 2026',
    test: 'clients.test.ts',
  },
  compression: {
    ...exhaustion,
    attack: 'Messages made to cost time in compression',
    source: 'CVE-2024-8508, CVE-2026-44390, CVE-2023-4408',
    defence: 'So many names are remembered while writing, and compression may hide 512 KiB while reading',
    limit: 'compressionEntries',
    peers: 'Unbound and BIND bound it since 2024',
    test: 'weight.test.ts',
  },
  bigrr: {
    ...exhaustion,
    attack: 'Huge RRsets',
    source: 'CVE-2024-1737, CVE-2024-25590, CVE-2026-0398',
    defence: 'Records beyond the bound are cut off',
    limit: 'rdatasPerRRset',
    peers: 'BIND 100, PowerDNS 256',
    test: 'weight.test.ts',
  },
  additional: {
    ...exhaustion,
    attack: 'Additional-section processing',
    source: 'CVE-2024-11187',
    defence: 'Nothing is looked up for the additional section: responses are minimal',
    limit: 'none: by design',
    peers: 'BIND 13 names; minimal responses elsewhere',
    test: 'weight.test.ts',
  },
  memory: {
    ...exhaustion,
    attack: 'Memory: one-time names without end',
    source: '-',
    defence: 'Every layer of the cache is bounded in octets',
    limit: 'cache.maxOctets',
    peers: '–',
    test: 'memory.test.ts',
  },
  hour: {
    ...exhaustion,
    attack: 'An hour of simulated time under each attack',
    source: '-',
    defence: 'Every queue, timer and map has a bound and an end',
    limit: 'all',
    peers: '–',
    test: 'memory.test.ts',
  },
  log: {
    ...exhaustion,
    attack: 'Log injection and flooding',
    source: '-',
    defence: 'Names are escaped before they reach the log, and faults of one kind are sampled',
    limit: 'none: always',
    peers: '–',
    test: 'clients.test.ts',
  },
  kill: {
    ...exhaustion,
    attack: 'Crash and restart with torn files',
    source: '-',
    defence:
      'No cache is kept on disk; the one file that is written, the state of rolling anchors, is replaced as a whole; a torn one is set aside',
    limit: 'none: always',
    peers: 'Optional caches on disk',
    test: 'crash.test.ts',
  },
};
