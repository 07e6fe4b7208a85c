// LOC (RFC 1876): a place on Earth in presentation form.

import { WireError } from './error.ts';
import { escapeText } from './name-text.ts';
import { type Field, pushNumber, type TextInput } from './rdata-fields.ts';

/** Thousandths of a second of arc at the equator and the prime meridian. */
const middle = 0x80000000;
/** Altitude 0 is 100 km above the lowest, in centimetres. */
const altitudeZero = 10_000_000;
const arcMostNorth = 90 * 3_600_000;
const arcMostEast = 180 * 3_600_000;

/** The whole RDATA of LOC. */
export const location: Field = {
  toText: (input) => {
    if (input.number(1) !== 0 || input.octets.length !== 16) throw new WireError('LOC of an unknown version');
    const sizes = [sizeToText(input.number(1)), sizeToText(input.number(1)), sizeToText(input.number(1))];
    const latitude = arcToText(input.number(4) - middle, 'N', 'S', arcMostNorth);
    const longitude = arcToText(input.number(4) - middle, 'E', 'W', arcMostEast);
    const altitude = input.number(4) - altitudeZero;
    return `${latitude} ${longitude} ${(altitude / 100).toFixed(2)}m ${sizes.join(' ')}`;
  },
  fromText: (input, out) => {
    const latitude = arcFromText(input, 'N', 'S', arcMostNorth);
    const longitude = arcFromText(input, 'E', 'W', arcMostEast);
    const altitude = metres(input.text('an altitude'), -100_000, 42_849_672.95);
    const sizes = [1, 10_000, 10].map((byDefault) => {
      return sizeFromText(input.done ? String(byDefault) : input.text('a size'));
    });
    out.push(0, ...sizes);
    pushNumber(out, latitude + middle, 4);
    pushNumber(out, longitude + middle, 4);
    pushNumber(out, altitude + altitudeZero, 4);
  },
};

function arcToText(arc: number, positive: string, negative: string, most: number): string {
  const size = Math.abs(arc);
  if (size > most) throw new WireError('LOC: off the globe');
  const seconds = (size % 60_000) / 1000;
  const minutes = Math.floor(size / 60_000) % 60;
  return `${Math.floor(size / 3_600_000)} ${minutes} ${seconds.toFixed(3)} ${arc < 0 ? negative : positive}`;
}

function arcFromText(input: TextInput, positive: string, negative: string, most: number): number {
  let arc = 0;
  for (const unit of [3_600_000, 60_000, 1000, 0]) {
    const text = input.text('a latitude or longitude');
    const side = text.toUpperCase();
    if (side === positive || side === negative) {
      if (arc > most) throw new WireError('LOC: off the globe');
      return side === positive ? arc : -arc;
    }
    const form = unit === 1000 ? /^\d{1,2}(?:\.\d{1,3})?$/ : /^\d{1,3}$/;
    if (unit === 0 || !form.test(text) || (unit < 3_600_000 && Number(text) >= 60)) {
      throw new WireError(`LOC: ${escapeText(text)} is no part of an angle`);
    }
    arc += Math.round(Number(text) * unit);
  }
  throw new WireError('LOC: no direction');
}

/** Centimetres. */
function metres(text: string, least: number, most: number): number {
  const value = /^-?\d{1,8}(?:\.\d{1,2})?m?$/i.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new WireError(`LOC: ${escapeText(text)} is no length in metres`);
  return Math.round(value * 100);
}

function sizeToText(octet: number): string {
  const base = octet >>> 4;
  const exponent = octet & 0xf;
  if (base > 9 || exponent > 9 || (base === 0 && exponent > 0)) throw new WireError('LOC: malformed size');
  const centimetres = base * 10 ** exponent;
  return exponent >= 2 ? `${centimetres / 100}m` : `${(centimetres / 100).toFixed(2)}m`;
}

function sizeFromText(text: string): number {
  let base = metres(text, 0, 90_000_000);
  let exponent = 0;
  for (; base > 9; base = Math.floor(base / 10)) exponent++;
  return (base << 4) | exponent;
}
