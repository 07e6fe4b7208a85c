// Numbers with units: sizes in octets and times in seconds, as settings write them.

const OCTETS: { readonly [unit: string]: number } = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};
const SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Octets of `64MiB`, `64 MB` or a plain number; the unit's case does not matter. Undefined: not a whole size. */
export function parseOctets(value: number | string): number | undefined {
  return parse(value, OCTETS);
}

/** Seconds of `5s`, `10m`, `1h`, `1d`, `1w` or a plain number. Undefined: not a whole number of seconds. */
export function parseSeconds(value: number | string): number | undefined {
  return parse(value, SECONDS);
}

/** `134217728` as `128MiB`: the largest unit that divides it. */
export function octetsToText(octets: number): string {
  const unit = ['GiB', 'MiB', 'KiB'].find((name) => octets % (OCTETS[name.toLowerCase()] as number) === 0);
  return unit === undefined || octets === 0 ? `${octets}` : `${octets / (OCTETS[unit.toLowerCase()] as number)}${unit}`;
}

function parse(value: number | string, units: { readonly [unit: string]: number }): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  const match = /^([0-9]{1,16}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)$/.exec(value);
  if (match === null) return undefined;
  const [, digits = '', unit = ''] = match;
  const factor = unit === '' ? 1 : Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  if (factor === undefined) return undefined;
  const result = Number(digits) * factor;
  return Number.isSafeInteger(result) ? result : undefined;
}
