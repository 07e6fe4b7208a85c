// Lines typed at the lab's prompt.

import { expect, it } from 'vitest';
import { questionText, readTyped } from '../../src/lab/typed.ts';
import { TYPE } from '../../src/wire/types.ts';

it.each([
  ['www.example.com', 'www.example.com', TYPE.A],
  ['  Example.COM.  mx ', 'Example.COM', TYPE.MX],
  ['https://www.example.com:8080/page?x=1', 'www.example.com', TYPE.A],
  ['bücher.example', 'xn--bcher-kva.example', TYPE.A],
  ['. NS', '.', TYPE.NS],
  ['example.com TYPE65280', 'example.com', 65280],
  ['_http._tcp.example.com srv', '_http._tcp.example.com', TYPE.SRV],
])('reads %j as a question', (line, name, type) => {
  expect(readTyped(line)).toEqual({ kind: 'question', name, type });
});

it.each([
  ['', 'nothing'],
  ['   ', 'nothing'],
  ['quit', 'quit'],
  ['EXIT', 'quit'],
  ['help', 'help'],
])('reads %j as %s', (line, kind) => {
  expect(readTyped(line)).toEqual({ kind });
});

it.each([
  ['example.com MXX', '"MXX" is not a type of record'],
  ['example.com ANY', '"ANY" is not a type of record'],
  ['one two three', 'Type one name'],
  ['192.0.2.1', 'looks like an address'],
  ['2001:db8::1', 'looks like an address'],
  ['a..b', '"a..b" is not a name'],
  [`${'x'.repeat(64)}.com`, 'is not a name'],
  ['https://', 'is not a name'],
  ['a\\046b', 'Escapes are for experts'],
  ['x'.repeat(2000), 'too long'],
  ['\u001b[2J.com \u001b', 'is not a type'],
])('says kindly what is wrong with %j', (line, why) => {
  const typed = readTyped(line);
  expect(typed.kind === 'bad' ? typed.why : typed.kind).toContain(why);
  expect(typed.kind === 'bad' ? typed.why : '').not.toContain('\u001b');
});

it('leaves out the type that everybody means', () => {
  expect(questionText('example.com', TYPE.A)).toBe('example.com');
  expect(questionText('example.com', TYPE.MX)).toBe('example.com MX');
});
