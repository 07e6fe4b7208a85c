// Fuzzes configuration files: whatever the text, it is settings that can be shown and read again as they were, or a few
// errors with their place, soon.

import { isDeepStrictEqual } from 'node:util';
import { loadSettings } from '../../src/config/load.ts';
import { settingsToYaml } from '../../src/config/show.ts';
import { systemClock } from '../../src/net/clock.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { Budget } from './lib/budget.ts';
import { corpusText } from './lib/octets.ts';

const corpus: readonly string[] = [
  '',
  'listen: ["127.0.0.1:53", "[::1]:53"]\nallow: [10.0.0.0/8, "fd00::/8"]\nworkers: 1\n',
  'root: { hints: /etc/root.hints, trustAnchors: null }\ndnssec:\n  validate: true\n  negativeTrustAnchors: [a.example, { zone: b.example, until: 2026-12-31, reason: "x" }]\n',
  'upstream:\n  port: 5300\n  ipv6: false\n  deny: []\n  qnameMinimisation: strict\n  cookies: false\n  udpPayloadOctets: 1232\n',
  'cache: { maxOctets: 64MiB, minTtl: 0, maxTtl: 1d, maxNegativeTtl: 60m }\n',
  'zones:\n  - { zone: corp.example, forward: ["10.0.0.1", "10.0.0.2:5300"] }\n  - zone: lab.example\n    stub: ["[2001:db8::1]:53"]\n',
  'local:\n  zones: [{ zone: home.arpa, kind: static }]\n  data:\n    - nas.home.arpa. 300 IN A 192.168.1.2\n  specialUse: true\nhosts: false\n',
  'clients:\n  cookies: true\n  rateLimit: { responsesPerSecond: 50, slip: 0, ipv4Prefix: 24, exempt: [192.0.2.0/24] }\n  dropPrivateAddresses: { except: [corp.example] }\n',
  'clients: { rateLimit: true, dropPrivateAddresses: true }\ncontrol: /run/x.sock\nconsole: false\nlog: { level: debug, queries: false }\n',
  '# a comment\nlog: &a { level: info }\nallow: &b ["::1"]\n',
];

/** Pieces that mean something to YAML or to us. */
const pieces: readonly string[] = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '"',
    "'",
    '&a ',
    '*a',
    '!!x ',
    '? ',
    '| ',
    '>',
    '#',
    '%',
    '@',
    '`',
  ],
  ...['null', 'true', '~', '-1', '1e99', '0x10', '9'.repeat(40), '64MiB', '5s', '10.0.0.0/33', '"[::1]:0"', '..', '*'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '\t',
    '\u0000',
    '\u202e',
    '\ud800',
    'é',
    '---',
    '...',
    '<<: *a',
    'zones',
    'cache',
  ],
];

/** Runs for `seconds`; throws, with the text, at the first fault. */
export function run({ seconds, seed }: { readonly seconds: number; readonly seed: number }): string {
  const clock = systemClock();
  const random = new SeededRandom(seed);
  const budget = new Budget(clock);
  const endMs = clock.nowMs() + seconds * 1000;
  let texts = 0;
  let good = 0;
  for (; clock.nowMs() < endMs || texts < 100; texts++) {
    const text = textOf(random);
    try {
      if (tryText(text, budget)) good++;
    } catch (error) {
      throw new Error(`fault on ${JSON.stringify(text)}`, { cause: error });
    }
  }
  return `${corpusText('files', corpus)}; ${texts} texts, ${good} of them settings, slowest ${budget.slowestMs.toFixed(1)} ms`;
}

/** Whether the text was settings. */
function tryText(text: string, budget: Budget): boolean {
  const loaded = budget.spend('load', () => loadSettings(text, 'f.yaml'));
  if ('settings' in loaded) {
    const again = loadSettings(settingsToYaml(loaded.settings, false), 'again.yaml');
    if (!('settings' in again)) throw new Error(`shown settings are refused: ${JSON.stringify(again.errors)}`);
    if (!isDeepStrictEqual(again.settings, loaded.settings)) throw new Error('not read as shown');
    return true;
  }
  const { errors } = loaded;
  if (errors.length === 0 || errors.length > 20) throw new Error(`${errors.length} errors`);
  for (const { line, column, message } of errors) {
    if (!(line >= 1 && column >= 1 && Number.isInteger(line + column))) throw new Error(`at ${line}:${column}`);
    // Whoever prints it escapes what is not ASCII.
    if (message === '' || message.length > 1000 || [...message].some((letter) => letter < ' ')) {
      throw new Error(`told as ${JSON.stringify(message)}`);
    }
  }
  if (({} as { polluted?: unknown }).polluted !== undefined) throw new Error('a prototype was changed');
  return false;
}

function textOf(random: SeededRandom): string {
  let text = random.pick(corpus);
  if (random.chance(0.3)) text += random.pick(corpus);
  for (let i = random.integer(6); i > 0; i--) {
    const at = random.integer(text.length + 1);
    const cut = random.integer(4) === 0 ? random.integer(20) : random.integer(3);
    const put = random.chance(0.6) ? random.pick(pieces) : String.fromCharCode(random.integer(256));
    text = text.slice(0, at) + put + text.slice(at + cut);
  }
  return text;
}
