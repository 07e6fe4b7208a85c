// The scenario format: what is read, what is refused and where, and how a run is judged.

import { describe, expect, test } from 'vitest';
import { recordText } from '../../src/testing/rpl-match.ts';
import { parseRpl } from '../../src/testing/rpl-parse.ts';
import { type ReplayOptions, replayRplPath, runScenario } from '../../src/testing/rpl-run.ts';
import { buildMessage, type Message, parseMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';

const config = 'stub-zone:\n name: "."\n stub-addr: 192.0.2.53 # a.root.\nCONFIG_END\nSCENARIO_BEGIN A title\n';

function scenario(body: string, head = config): string {
  return `${head}${body}\nSCENARIO_END\n`;
}

function entry(lines: string): string {
  return `ENTRY_BEGIN\n${lines}\nENTRY_END\n`;
}

const ask = `STEP 1 QUERY\n${entry('REPLY RD\nSECTION QUESTION\nwww.example.com. IN A')}`;
const expectAddress = (address: string, match = 'all'): string =>
  `STEP 2 CHECK_ANSWER\n${entry(
    `MATCH ${match}\nREPLY QR RD RA NOERROR\nSECTION QUESTION\nwww.example.com. IN A\nSECTION ANSWER\nwww.example.com. IN A ${address}`,
  )}`;

/** A target that knows one address, whatever its servers say. */
function fixedTarget(changes: Partial<Message> = {}): ReplayOptions {
  return {
    makeTarget: () => ({
      ask: async (octets) => {
        const query = parseMessage(octets);
        const name = nameFromText('www.example.com.');
        const rdata = Uint8Array.of(192, 0, 2, 1);
        const answer = [{ name, type: TYPE.A, class: 1, ttl: 3600, rdata }];
        return buildMessage({ ...query, response: true, recursionAvailable: true, answer, ...changes });
      },
      close: () => undefined,
    }),
  };
}

describe('parseRpl', () => {
  test('reads ranges, entries, records over several lines, defaults and steps', () => {
    const text = scenario(
      [
        'RANGE_BEGIN 0 10 ; comment',
        ' ADDRESS 192.0.2.53',
        ' ADDRESS 2001:DB8::53',
        '$ORIGIN example.com.',
        '$TTL 60',
        entry(
          [
            'MATCH opcode qtype qname TCP ede=6',
            'ADJUST copy_id copy_query sleep=2',
            'REPLY QR AA DO NXDOMAIN',
            'SECTION QUESTION',
            'www IN A',
            'SECTION ANSWER',
            'www IN TXT "semi;colon" ( ; a comment',
            '  "two" )',
            'www 1h IN A 192.0.2.1',
            'abs.test. TYPE65280 \\# 2 ab cd',
            'www RRSIG A RSASHA256 3 60 20300101000000 20200101000000 1 example.com. AAAA',
          ].join('\n'),
        ),
        'RANGE_END',
        ask,
        'STEP 5 TIME_PASSES ELAPSE 10',
        expectAddress('192.0.2.1'),
      ].join('\n'),
    );
    const { title, dialect, ranges, steps, settings, unsupported } = parseRpl(text, 'a.rpl');
    expect({ title, dialect, unsupported }).toEqual({ title: 'A title', dialect: 'unbound', unsupported: undefined });
    expect(settings.roots).toMatchObject([{ nameServer: 'a.root.', address: { ip: '192.0.2.53', port: 53 } }]);
    expect(settings.ipv6).toBe(true);
    expect(ranges[0]?.addresses.size).toBe(2);
    const read = ranges[0]?.entries[0];
    expect([...(read?.match ?? [])]).toEqual(['opcode', 'qtype', 'qname', 'TCP', 'ede']);
    expect(read?.delaySeconds).toBe(2);
    const message = read?.templates[0].message;
    expect(message).toMatchObject({ response: true, authoritative: true, rcode: 3, edns: { dnssecOk: true } });
    expect(message?.answer.map(recordText)).toEqual([
      'www.example.com. 60 IN TXT "semi;colon" "two"',
      'www.example.com. 3600 IN A 192.0.2.1',
      'abs.test. 60 IN TYPE65280 \\# 2 ABCD',
      'www.example.com. 60 IN RRSIG A 8 3 60 20300101000000 20200101000000 1 example.com. AAAA',
    ]);
    expect(steps.map(({ number, kind }) => `${number} ${kind}`)).toEqual([
      '1 QUERY',
      '5 TIME_PASSES',
      '2 CHECK_ANSWER',
    ]);
  });

  test('knows Deckard by its bare options, and runs its steps by number', () => {
    const head =
      'do-ip6: no\nquery-minimization: off\nstub-addr: 192.0.2.53 # a.root.test.\nval-override-timestamp: 1500000000\nCONFIG_END\nSCENARIO_BEGIN x\n';
    const { dialect, settings, steps } = parseRpl(scenario(expectAddress('192.0.2.1') + ask, head), 'd.rpl');
    expect(dialect).toBe('deckard');
    expect(steps.map(({ number }) => number)).toEqual([1, 2]);
    expect(settings).toMatchObject({ ipv6: false, qnameMinimisation: false, wallSeconds: 1_500_000_000 });
  });

  test('starts from the built-in root servers when it names none', () => {
    const { settings, unsupported } = parseRpl(
      scenario(ask + expectAddress('192.0.2.1'), 'CONFIG_END\nSCENARIO_BEGIN x\n'),
      'a.rpl',
    );
    expect(unsupported).toBeUndefined();
    expect(settings.roots).toHaveLength(13);
    expect(settings.roots[0]).toMatchObject({ nameServer: 'a.root-servers.net.', address: { ip: '198.41.0.4' } });
  });

  test('says what it cannot play, and why', () => {
    const reason = (head: string, body = ask + expectAddress('192.0.2.1')): string | undefined =>
      parseRpl(scenario(body, `${head}${config}`), 'u.rpl').unsupported;
    expect(reason('server:\n rrset-cache-size: 1m\n')).toBeUndefined();
    expect(reason('server:\n dns64-prefix: 64:ff9b::/96\n')).toBe('option dns64-prefix');
    expect(reason('rpz:\n name: x\n')).toBe('option rpz');
    expect(reason('AUTOTRUST_FILE x\n.\nAUTOTRUST_END\n')).toBe('autotrust file');
    expect(reason('', ask)).toBe('no CHECK_ANSWER');
    expect(reason('', `${ask}STEP 3 INFRA_RTT\n${expectAddress('192.0.2.1')}`)).toBe('step INFRA_RTT');
  });

  test.each([
    ['no CONFIG_END', 'server:\n', /bad\.rpl:\d+: CONFIG_END is missing/],
    ['an unknown line', `${config}NONSENSE 1\n`, /bad\.rpl:6: unknown line: NONSENSE 1/],
    ['an unknown flag', `${config}${ask.replace('REPLY RD', 'REPLY XX')}`, /bad\.rpl:8: unknown flag XX/],
    ['a bad record', `${config}${expectAddress('192.0.2.256')}`, /bad\.rpl:13: 192\.0\.2\.256/],
    ['an unknown type', `${config}${ask.replace('IN A', 'IN NOTYPE')}`, /bad\.rpl:10: unknown type NOTYPE/],
    ['an unclosed entry', `${config}STEP 1 QUERY\nENTRY_BEGIN\n`, /bad\.rpl:\d+: ENTRY_END is missing/],
    ['a bad address', `${config}RANGE_BEGIN 0 1\nADDRESS 1.2.3\n`, /bad\.rpl:7: not an address: 1\.2\.3/],
  ])('refuses %s with file and line', (_what, text, message) => {
    expect(() => parseRpl(text, 'bad.rpl')).toThrow(message);
  });
});

describe('runScenario', () => {
  const run = (body: string, options: ReplayOptions = fixedTarget()) =>
    runScenario(parseRpl(scenario(body), 'x.rpl'), options);

  test('passes when the answer is the expected one', async () => {
    expect(await run(ask + expectAddress('192.0.2.1'))).toMatchObject({ status: 'passed', passed: true });
  });

  test('fails with step, expectation and answer when it is another', async () => {
    const result = await run(ask + expectAddress('192.0.2.2'));
    expect(result).toMatchObject({ status: 'failed', passed: false, step: { number: 2, line: 12 } });
    expect(result.reason).toContain('missing [www.example.com. 3600 IN A 192.0.2.2]');
    expect(result.expected).toContain('192.0.2.2');
    expect(result.got).toContain('192.0.2.1');
  });

  test('compares header flags, and TTLs only where asked', async () => {
    const authoritative = fixedTarget({ authoritative: true });
    expect((await run(ask + expectAddress('192.0.2.1'), authoritative)).reason).toContain('flags "QR AA RD RA"');
    expect((await run(ask + expectAddress('192.0.2.1', 'rcode answer'), authoritative)).passed).toBe(true);
    const later = expectAddress('192.0.2.1', 'all ttl').replace('com. IN A 1', 'com. 60 IN A 1');
    expect((await run(ask + later)).reason).toContain('TTL 3600');
  });

  test('fails when no answer comes', async () => {
    const silent: ReplayOptions = {
      makeTarget: () => ({ ask: () => new Promise(() => undefined), close: () => undefined }),
    };
    expect((await run(ask + expectAddress('192.0.2.1'), silent)).reason).toContain('no answer in time');
  });

  const anchored = scenario(ask + expectAddress('192.0.2.1'), `server:\n trust-anchor: ". DS 1 8 2 AB"\n${config}`);

  test('skips what needs a validator that is not there', async () => {
    const parsed = parseRpl(anchored, 'x.rpl');
    const skipped = await runScenario(parsed, { ...fixedTarget(), validates: false });
    expect(skipped).toMatchObject({ status: 'skipped', reason: 'needs validation' });
    expect((await runScenario(parsed, fixedTarget())).status).toBe('passed');
  });

  test('a file that cannot be read is a failure that says where', async () => {
    const [result] = await replayRplPath([{ path: 'dir/y.rpl', text: 'CONFIG_END\nWHAT\n' }], fixedTarget());
    expect(result).toMatchObject({ file: 'dir/y.rpl', status: 'failed', reason: 'dir/y.rpl:2: unknown line: WHAT' });
  });
});
