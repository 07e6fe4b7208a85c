import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../../src/wire/error.ts';
import {
  ancestorOf,
  commonAncestor,
  compareNames,
  isSubdomainOf,
  isWildcard,
  labelCount,
  labelsOf,
  type Name,
  nameFromText,
  nameOctets,
  nameToText,
  parentOf,
  prependLabel,
  ROOT,
  readName,
  readPlainName,
  replaceSuffix,
  wildcardOf,
} from '../../src/wire/name.ts';
import { anyName } from './arbitrary.ts';

const name = nameFromText;

describe('the presentation form', () => {
  it.each([
    ['.', '\0', '.'],
    ['com', '\x03com\0', 'com.'],
    ['WWW.Example.COM.', '\x03www\x07example\x03com\0', 'www.example.com.'],
    ['a\\.b.c', '\x03a.b\x01c\0', 'a\\.b.c.'],
    ['a\\046b.c', '\x03a.b\x01c\0', 'a\\.b.c.'],
    ['\\000', '\x01\0\0', '\\000.'],
    ['__proto__', '\x09__proto__\0', '__proto__.'],
    ['constructor.', '\x0bconstructor\0', 'constructor.'],
    // Upper case is ASCII alone: 192 and 224 are other octets, and so are the neighbours of the letters.
    ['\\192.\\224', '\x01\xc0\x01\xe0\0', '\\192.\\224.'],
    ['[.{.@.`', '\x01[\x01{\x01@\x01`\0', '[.{.\\@.`.'],
    ['\\065', '\x01a\0', 'a.'],
    ['\\"\\;\\(\\)\\@\\$\\\\\\032\\127', '\x09";()@$\\ \x7f\0', '\\"\\;\\(\\)\\@\\$\\\\\\032\\127.'],
    ['"x"', '\x03"x"\0', '\\"x\\".'],
    ['*.example', '\x01*\x07example\0', '*.example.'],
  ])('%s', (text, wire, printed) => {
    expect(name(text)).toBe(wire);
    expect(nameToText(name(text))).toBe(printed);
  });

  it.each(['', '..', '.a', 'a..b', 'a\\', 'a\\25', 'a\\256', 'a\\2x5', 'ä', 'x'.repeat(64), `${'a.'.repeat(127)}b`])(
    'is refused: %s',
    (text) => {
      expect(() => name(text)).toThrow(WireError);
    },
  );

  it('holds the longest name and label', () => {
    expect(name('a.'.repeat(127))).toHaveLength(255);
    expect(name('x'.repeat(63))).toHaveLength(65);
  });

  it('leads back to every name', () => {
    fc.assert(fc.property(anyName, (any) => name(nameToText(any)) === any));
  });
});

describe('the wire form', () => {
  const octets = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const header = '\0'.repeat(12);

  it('is read back, folded, from anywhere', () => {
    fc.assert(
      fc.property(anyName, (any) => {
        const upper = octets(`xx${any.replace(/[a-z]/g, (c) => c.toUpperCase())}yy`);
        // Upper-casing would touch length octets of 97..122, but no label is so long.
        expect(readName(upper, 2)).toEqual({ name: any, end: 2 + any.length });
        expect(nameOctets(any)).toEqual(octets(any));
      }),
    );
  });

  it('follows pointers strictly backwards', () => {
    const message = octets(`${header}\x03com\0\x01a\xc0\x0c\x01b\xc0\x11\xc0\x15`);
    expect(readName(message, 17)).toEqual({ name: '\x01a\x03com\0', end: 21 });
    expect(readName(message, 21)).toEqual({ name: '\x01b\x01a\x03com\0', end: 25 });
    expect(readName(message, 25)).toEqual({ name: '\x01b\x01a\x03com\0', end: 27 });
  });

  it.each([
    ['to itself', '\xc0\x0c', 'does not point backwards'],
    ['forwards', '\xc0\x0e\0', 'does not point backwards'],
    ['to the name it ends', '\x01a\xc0\x0c', 'does not point backwards'],
    ['into the header', '\xc0\x00', 'into the header'],
    ['cut off', '\x01a\xc0', 'cut off'],
    ['a label cut off', '\x05abc', 'runs past its end'],
    ['no final zero', '\x03abc', 'runs past its end'],
    ['nothing', '', 'runs past its end'],
    ['label type 01', '\x41a\0', 'label type 1'],
    ['label type 10', '\x81a\0', 'label type 2'],
    ['256 octets', `${`\x3f${'a'.repeat(63)}`.repeat(3)}\x3e${'a'.repeat(62)}\0`, 'exceeds 255 octets'],
  ])('is refused: %s', (_what, wire, message) => {
    expect(() => readName(octets(header + wire), 12)).toThrow(message);
    expect(() => readName(octets(header + wire), 12)).toThrow(WireError);
  });

  it('is refused when a later pointer leads forwards again', () => {
    expect(() => readName(octets(`${header}\xc0\x0e\0\0\xc0\x0c`), 16)).toThrow('does not point backwards');
  });

  it('has 255 octets at most', () => {
    const wire = `${`\x3f${'a'.repeat(63)}`.repeat(3)}\x3d${'a'.repeat(61)}\0`;
    expect(readName(octets(wire), 0)).toEqual({ name: wire, end: 255 });
  });

  it('ends after 127 pointers', () => {
    const chain = (pointers: number): Uint8Array => {
      let text = `${header}\0`;
      for (let i = 0, target = 12; i < pointers; i++, target = text.length - 2)
        text += `\xc0${String.fromCharCode(target)}`;
      return octets(text);
    };
    const short = chain(120); // targets stay below 256
    expect(readName(short, short.length - 2).name).toBe(ROOT);
    const long = new Uint8Array(12 + 1 + 128 * 2);
    for (let i = 0, target = 12; i < 128; i++, target = 13 + (i - 1) * 2) {
      long[13 + i * 2] = 0xc0 | (target >> 8);
      long[14 + i * 2] = target;
    }
    expect(readName(long, long.length - 4).name).toBe(ROOT);
    expect(() => readName(long, long.length - 2)).toThrow('over 127 pointers');
  });

  it('is read from a large arena too', () => {
    const arena = new Uint8Array(2 ** 24 + 8);
    arena.set([1, 0x61, 0], 2 ** 24 + 2);
    expect(readName(arena, 2 ** 24 + 2)).toEqual({ name: name('a'), end: 2 ** 24 + 5 });
    expect(readPlainName(arena, 2 ** 24 + 2)).toEqual({ name: name('a'), end: 2 ** 24 + 5 });
  });

  it('holds no pointers in RDATA', () => {
    expect(() => readPlainName(octets(`${header}\0\xc0\x0c`), 13)).toThrow(WireError);
    expect(() => readPlainName(octets('\x01a\0'), 0, 2)).toThrow(WireError);
  });
});

describe('relations', () => {
  it.each([
    ['www.example.com', 'example.com', true],
    ['example.com', 'example.com', true],
    ['example.com', '.', true],
    ['.', '.', true],
    ['com', 'example.com', false],
    ['notexample.com', 'example.com', false],
    // The octets of the ancestor at the end of a label, length octet and all.
    ['x\\007example\\003com', 'example.com', false],
    ['a\\001b.c', 'b.c', false],
  ])('%s at or below %s: %s', (child, ancestor, expected) => {
    expect(isSubdomainOf(name(child), name(ancestor))).toBe(expected);
  });

  it('counts, cuts and joins labels', () => {
    const www = name('www.a\\.b.example');
    expect(labelCount(www)).toBe(3);
    expect(labelCount(ROOT)).toBe(0);
    expect(labelsOf(www)).toEqual(['www', 'a.b', 'example']);
    expect(parentOf(www)).toBe(name('a\\.b.example'));
    expect(() => parentOf(ROOT)).toThrow('the root has no parent');
    expect(ancestorOf(www, 1)).toBe(name('example'));
    expect(ancestorOf(www, 0)).toBe(ROOT);
    expect(ancestorOf(www, 3)).toBe(www);
    expect(prependLabel('X.y', www)).toBe(name('x\\.y.www.a\\.b.example'));
    expect(wildcardOf(www)).toBe(name('*.www.a\\.b.example'));
    expect([isWildcard(wildcardOf(ROOT)), isWildcard(www), isWildcard(name('**.a'))]).toEqual([true, false, false]);
  });

  it('finds the common ancestor', () => {
    expect(commonAncestor(name('a.b.c'), name('x.y.b.c'))).toBe(name('b.c'));
    expect(commonAncestor(name('a'), name('b'))).toBe(ROOT);
    expect(commonAncestor(name('b.c'), name('a.b.c'))).toBe(name('b.c'));
  });

  it('replaces a suffix, unless the name grows past 255 octets', () => {
    expect(replaceSuffix(name('a.b.old'), name('old'), name('new.example'))).toBe(name('a.b.new.example'));
    expect(replaceSuffix(name('old'), name('old'), ROOT)).toBe(ROOT);
    const long = name('a.'.repeat(127));
    expect(replaceSuffix(long, name('a'), name('b'))).toHaveLength(255);
    expect(replaceSuffix(long, name('a'), name('bc'))).toBeUndefined();
    expect(prependLabel('a', long)).toBeUndefined();
  });

  it('sorts as RFC 4034, 6.1 has it', () => {
    const sorted = [
      'example',
      'a.example',
      'yljkjljk.a.example',
      'Z.a.example',
      'zABC.a.EXAMPLE',
      'z.example',
      '\\001.z.example',
      '*.z.example',
      '\\200.z.example',
    ].map(name);
    const shuffled = [3, 8, 0, 6, 2, 7, 1, 5, 4].map((i) => sorted[i] as Name);
    expect(shuffled.sort(compareNames)).toEqual(sorted);
    expect(compareNames(ROOT, name('a'))).toBeLessThan(0);
    expect(compareNames(name('a'), name('a'))).toBe(0);
  });
});
