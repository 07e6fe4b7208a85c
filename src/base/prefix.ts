// IP addresses and prefixes (CIDR): the one parser for access lists, addresses never asked and listen addresses.

/** An address as 4 or 16 octets; an IPv4-mapped IPv6 address becomes its 4 octets. Undefined: not an address. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const octets = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i] as string;
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    octets[i] = Number(part);
  }
  return octets;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  if (bare.length > 45) return undefined;
  const halves = bare.split('::');
  if (halves.length > 2) return undefined;
  const head = ipv6Groups(halves[0] as string);
  const tail = halves.length === 2 ? ipv6Groups(halves[1] as string) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  const octets = Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
  const mapped = octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 255 && octets[11] === 255;
  return mapped ? octets.slice(12) : octets;
}

function ipv6Groups(text: string): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (i === groups.length - 1 && group.includes('.')) {
      const embedded = parseIpv4(group);
      if (embedded === undefined) return undefined;
      octets.push(...embedded);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 255);
    } else {
      return undefined;
    }
  }
  return octets;
}

/** An address block: the first `bits` bits of `octets`. */
export interface Prefix {
  readonly octets: Uint8Array;
  readonly bits: number;
}

/** Parses `192.0.2.0/24`, `2001:db8::/32` or a bare address. Undefined: not a prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const octets = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (octets === undefined) return undefined;
  const width = octets.length * 8;
  if (slash < 0) return { octets, bits: width };
  const length = text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(length)) return undefined;
  // A mapped address such as ::ffff:192.0.2.0/120 counts its bits within 128.
  const written = Number(length);
  const bits = octets.length === 4 && text.slice(0, slash).includes(':') ? written - 96 : written;
  return bits >= 0 && bits <= width ? { octets, bits } : undefined;
}

/** Whether `ip` (octets as {@link parseIp} gives them) lies in `prefix`. */
export function prefixContains(prefix: Prefix, ip: Uint8Array): boolean {
  if (prefix.octets.length !== ip.length) return false;
  const whole = prefix.bits >> 3;
  for (let i = 0; i < whole; i++) if (prefix.octets[i] !== ip[i]) return false;
  const rest = prefix.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((prefix.octets[whole] as number) & mask) === ((ip[whole] as number) & mask);
}

/** A set of prefixes. `texts` that are no prefix throw RangeError; settings are checked before they come here. */
export class PrefixSet {
  readonly #prefixes: readonly Prefix[];

  constructor(texts: readonly string[]) {
    this.#prefixes = texts.map((text) => {
      const prefix = parsePrefix(text);
      if (prefix === undefined) throw new RangeError(`${text}: not an address or prefix`);
      return prefix;
    });
  }

  /** Whether the address, as text, lies in one of the prefixes; text that is no address lies in none. */
  has(ip: string): boolean {
    const octets = parseIp(ip);
    return octets !== undefined && this.#prefixes.some((prefix) => prefixContains(prefix, octets));
  }
}
