// The settings: every key of the configuration file and of the library's options, its meaning, unit and default.

/** A zone whose servers are given: `forward` to resolvers, or `stub` at its authoritative servers. Exactly one of both. */
export interface ZoneSetting {
  /** Domain name of the zone; names at and below it are meant. The longest match wins. */
  readonly zone: string;
  /** Resolvers that recurse for us: `10.0.0.1`, `10.0.0.1:5300`, `[2001:db8::1]:5300`; at least one. */
  readonly forward?: readonly string[] | undefined;
  /** Authoritative servers of the zone, written likewise. */
  readonly stub?: readonly string[] | undefined;
}

/** What becomes of names in a zone of our own, as `local-zone` of Unbound has it. */
export type LocalZoneKind = 'static' | 'refuse' | 'redirect' | 'transparent' | 'nodefault';

/** A zone answered from `local.data`, or refused, or exempt from the built-in special-use zones. */
export interface LocalZoneSetting {
  readonly zone: string;
  readonly kind: LocalZoneKind;
}

/** A zone that is not validated (RFC 7646). */
export interface NegativeTrustAnchorSetting {
  readonly zone: string;
  /** The end, `2026-12-31` or `2026-12-31T12:00:00Z`; absent: until it is taken out. */
  readonly until?: string | undefined;
  /** For people; shown with each answer that it touches. */
  readonly reason?: string | undefined;
}

/** How many replies go over UDP to a network whose addresses no cookie proves. Loopback is exempt. */
export interface RateLimitSetting {
  /** Replies a second to one network on average, 1..1,000,000; five seconds' worth at once. Default 200. */
  readonly responsesPerSecond: number;
  /** Each so-manieth reply that is too many is sent as TC, so that a true client asks by TCP, 0..10; 0: none. Default 2. */
  readonly slip: number;
  /** Bits of an IPv4 address that make a network, 8..32. Default 24. */
  readonly ipv4Prefix: number;
  /** Bits of an IPv6 address that make a network, 16..128. Default 56. */
  readonly ipv6Prefix: number;
  /** Addresses and prefixes that are not limited. Default none. */
  readonly exempt: readonly string[];
}

/** Private addresses are left out of the answers of public names. */
export interface PrivateAddressSetting {
  /**
   * Zones whose names may have private addresses, wherever their aliases lead. Default none. Host data, and zones with
   * servers of their own in `zones`, are exempt anyway, the root apart.
   */
  readonly except: readonly string[];
}

/** The least that is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** The settings with every default filled in: sizes in octets, times in seconds. */
export interface Settings {
  /** Addresses with port to answer on, over UDP and TCP. Default `127.0.0.1:5353` and `[::1]:5353`. Port 0: any. */
  readonly listen: readonly string[];
  /** Prefixes of clients that are served; others get REFUSED. Default: this machine and private networks. */
  readonly allow: readonly string[];
  /** Threads that answer. Default 1, the only value until more are built. */
  readonly workers: number;
  readonly root: {
    /** File with the names and addresses of the root servers; null (default): built in. */
    readonly hints: string | null;
    /** File of DS or DNSKEY lines; null (default): built in, key tags 20326 and 38696. */
    readonly trustAnchors: string | null;
  };
  readonly upstream: {
    /** Port of the authoritative servers, 1..65535. Default 53; another one is for labs. */
    readonly port: number;
    /** Ask servers over IPv4. Default true. */
    readonly ipv4: boolean;
    /** Ask servers over IPv6. Default true; avoided by itself where IPv6 is dead. */
    readonly ipv6: boolean;
    /** Prefixes of servers that are never asked; those named in `zones` are exempt. `[]` lifts it, for labs. */
    readonly deny: readonly string[];
    /** RFC 9156. `relaxed` (default): the full QNAME after an error; `strict`: the error stands; `off`. */
    readonly qnameMinimisation: 'strict' | 'relaxed' | 'off';
    /** Random upper and lower case in questions (0x20) against forged answers. Default true. */
    readonly caseRandomisation: boolean;
    /** DNS cookies towards servers against forged answers (RFC 7873). Default true. */
    readonly cookies: boolean;
    /**
     * Many datagrams in one system call, by the listeners too: `auto` (default) where the package `koffi` is installed,
     * on Linux (x64, arm64); `off`.
     */
    readonly batchedIo: 'auto' | 'off';
    /** UDP payload that we offer to servers and clients, 512..4096 octets. Default 1232 (DNS flag day 2020). */
    readonly udpPayloadOctets: number;
  };
  readonly dnssec: {
    /** Validate answers. Default true. */
    readonly validate: boolean;
    /** Zones that are not validated (RFC 7646). A plain name stands for `{ zone: name }`. Default none. */
    readonly negativeTrustAnchors: readonly NegativeTrustAnchorSetting[];
    /** Zones signed with SHA-1 alone: `validate` (default) or hold `insecure` (RFC 9905). */
    readonly sha1: 'validate' | 'insecure';
    /**
     * File that remembers trust anchors as they roll over (RFC 5011), made when absent; the zones' keys are then asked
     * for unasked, first a minute after the start. Default null: the anchors stay as configured.
     */
    readonly rolloverState: string | null;
  };
  readonly cache: {
    /** Octets of all layers and workers together, 1 MiB..1 TiB. Default 128 MiB. */
    readonly maxOctets: number;
    /** Seconds that an RRset is kept at least, 0..86,400. Default 0: as its TTL says. */
    readonly minTtl: number;
    /** Seconds that an RRset is kept at most, 0..604,800 (RFC 8767, 4). Default 86,400. */
    readonly maxTtl: number;
    /** Seconds that a denial is kept at most, 0..86,400 (RFC 2308, 5). Default 3,600. */
    readonly maxNegativeTtl: number;
    /** Stale answers when servers fail (RFC 8767). Default false, the only value until it is built. */
    readonly serveStale: boolean;
    /** Renew much-asked answers before they expire. Default false, the only value until it is built. */
    readonly prefetch: boolean;
  };
  /** Zones whose servers are given. Default none. */
  readonly zones: readonly ZoneSetting[];
  /** The hosts file, re-read on change; false: none. Default `/etc/hosts`. */
  readonly hosts: string | false;
  readonly local: {
    /** Zones of our own. Default none. */
    readonly zones: readonly LocalZoneSetting[];
    /** Records of our own, one master-file line each: `nas.home.arpa. 300 IN A 192.168.1.2`. Default none. */
    readonly data: readonly string[];
    /** Answer `localhost`, `invalid`, private reverse zones and their like here (RFC 6761, 6303). Default true. */
    readonly specialUse: boolean;
  };
  readonly clients: {
    /** Server cookies for clients that offer one (RFC 7873, RFC 9018). Default true. */
    readonly cookies: boolean;
    /** Response rate limiting over UDP, against reflection. `true`: with the defaults. Default false. */
    readonly rateLimit: false | RateLimitSetting;
    /** Leave private addresses out of the answers of public names (DNS rebinding). `true`: without exceptions. Default false. */
    readonly dropPrivateAddresses: false | PrivateAddressSetting;
  };
  /**
   * Path of the control socket (mode 0600); false: none. Default `/run/rootwalk/control.sock`, and where that cannot be
   * made `rootwalk/control.sock` in the user's runtime folder (XDG_RUNTIME_DIR). The default may fail with a warning.
   */
  readonly control: string | false;
  /** Loopback address of metrics, health and the API to read; false: none. Default `127.0.0.1:8053`, which may fail with a warning. */
  readonly console: string | false;
  readonly log: {
    /** Default `info`. */
    readonly level: LogLevel;
    /** One line per client question. Default false, the only value until it is built. */
    readonly queries: boolean;
  };
}

/** A number of octets, or text with a unit: `64MiB` (B, KiB, MiB, GiB, KB, MB, GB). */
export type OctetsInput = number | string;
/** A number of seconds, or text with a unit: `5s` (s, m, h, d, w). */
export type SecondsInput = number | string;

type Partly<Section> = { readonly [Key in keyof Section]?: Section[Key] | undefined };

/** What a configuration file or a library user may write: any part of {@link Settings}, sizes and times with units. */
export interface SettingsInput
  extends Partly<Omit<Settings, 'root' | 'upstream' | 'dnssec' | 'cache' | 'local' | 'clients' | 'log'>> {
  readonly root?: Partly<Settings['root']> | undefined;
  readonly upstream?: Partly<Settings['upstream']> | undefined;
  readonly dnssec?:
    | (Partly<Omit<Settings['dnssec'], 'negativeTrustAnchors'>> & {
        readonly negativeTrustAnchors?: readonly (string | NegativeTrustAnchorSetting)[] | undefined;
      })
    | undefined;
  readonly cache?:
    | (Partly<Omit<Settings['cache'], 'maxOctets' | 'minTtl' | 'maxTtl' | 'maxNegativeTtl'>> & {
        readonly maxOctets?: OctetsInput | undefined;
        readonly minTtl?: SecondsInput | undefined;
        readonly maxTtl?: SecondsInput | undefined;
        readonly maxNegativeTtl?: SecondsInput | undefined;
      })
    | undefined;
  readonly local?: Partly<Settings['local']> | undefined;
  readonly clients?:
    | (Partly<Omit<Settings['clients'], 'rateLimit' | 'dropPrivateAddresses'>> & {
        readonly rateLimit?: boolean | Partly<RateLimitSetting> | undefined;
        readonly dropPrivateAddresses?: boolean | Partly<PrivateAddressSetting> | undefined;
      })
    | undefined;
  readonly log?: Partly<Settings['log']> | undefined;
}

/** Whether answers are validated when the settings do not say. */
const VALIDATE_BY_DEFAULT = true;

/** The settings when nothing is said. */
export const defaultSettings: Settings = {
  listen: ['127.0.0.1:5353', '[::1]:5353'],
  allow: ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10'],
  workers: 1,
  root: { hints: null, trustAnchors: null },
  upstream: {
    port: 53,
    ipv4: true,
    ipv6: true,
    deny: ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8'],
    qnameMinimisation: 'relaxed',
    caseRandomisation: true,
    cookies: true,
    batchedIo: 'auto',
    udpPayloadOctets: 1232,
  },
  dnssec: { validate: VALIDATE_BY_DEFAULT, negativeTrustAnchors: [], sha1: 'validate', rolloverState: null },
  cache: {
    maxOctets: 128 * 1024 * 1024,
    minTtl: 0,
    maxTtl: 86_400,
    maxNegativeTtl: 3600,
    serveStale: false,
    prefetch: false,
  },
  zones: [],
  hosts: '/etc/hosts',
  local: { zones: [], data: [], specialUse: true },
  clients: { cookies: true, rateLimit: false, dropPrivateAddresses: false },
  control: '/run/rootwalk/control.sock',
  console: '127.0.0.1:8053',
  log: { level: 'info', queries: false },
};
