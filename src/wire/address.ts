// IPv4 and IPv6 addresses: octets and text.

/** The text of an address of 4 or 16 octets: dotted quad, or RFC 5952 with the dotted forms that dig prints. */
export function addressToText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((octets[i] as number) << 8) | (octets[i + 1] as number));
  const { start, length } = longestZeroRun(words);
  // RFC 5952, 5: an embedded IPv4 address may be dotted; ::1 and :: are not such.
  const mapped = start === 0 && length === 5 && words[5] === 0xffff;
  if (mapped || (start === 0 && (length === 6 || (length === 7 && words[7] !== 1)))) {
    return `${mapped ? '::ffff:' : '::'}${octets.subarray(12).join('.')}`;
  }
  const hex = words.map((word) => word.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** The octets of an IPv4 address in dotted-quad form, or an IPv6 address; undefined when `text` is neither. */
export function addressFromText(text: string): Uint8Array | undefined {
  return text.includes(':') ? ipv6FromText(text) : ipv4FromText(text);
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < words.length; i++) {
    let j = i;
    while (j < words.length && words[j] === 0) j++;
    if (j - i > best.length) best = { start: i, length: j - i };
    i = Math.max(i, j);
  }
  return best;
}

function ipv4FromText(text: string): Uint8Array | undefined {
  // No leading zeros: some read them as octal.
  if (!/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  return octets.every((octet) => octet <= 255) ? Uint8Array.from(octets) : undefined;
}

function ipv6FromText(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = ipv6Half(halves[0] as string, halves.length === 1);
  const tail = ipv6Half(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const known = head.length + tail.length;
  if (halves.length === 1 ? known !== 16 : known > 14) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(16 - known).fill(0), ...tail]);
}

/** The octets of a part without `::`; `last`: it may end in a dotted quad. */
function ipv6Half(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    const dotted = last && i === groups.length - 1 ? ipv4FromText(group) : undefined;
    if (dotted !== undefined) {
      octets.push(...dotted);
    } else {
      if (!/^[\da-f]{1,4}$/i.test(group)) return undefined;
      const word = Number.parseInt(group, 16);
      octets.push(word >>> 8, word & 0xff);
    }
  }
  return octets;
}
