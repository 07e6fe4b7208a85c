// The root key trust anchor sentinel (RFC 8509), as clients meet it.
import { describe, expect, it } from 'vitest';
import type { ResolutionEvent } from '../src/resolver/events.ts';
import type { Resolution } from '../src/resolver/types.ts';
import { diagnose } from '../src/resolver/verdict.ts';
import { nameFromText } from '../src/wire/name.ts';
import { RCODE, TYPE } from '../src/wire/types.ts';
import { clientOf, OPEN_IP, root, signedInternet } from './signed-internet.ts';

const five = (tag: number): string => `${tag}`.padStart(5, '0');
const OURS = five(root.signer.tag);
const OTHER = five((root.signer.tag + 1) & 0xffff);

describe('a name that says of a root key that it', () => {
  it.each([
    ['is trusted, and it is', `root-key-sentinel-is-ta-${OURS}`, RCODE.NOERROR],
    ['is trusted, and it is not', `root-key-sentinel-is-ta-${OTHER}`, RCODE.SERVFAIL],
    ['is not trusted, and it is', `root-key-sentinel-not-ta-${OURS}`, RCODE.SERVFAIL],
    ['is not trusted, and it is not', `root-key-sentinel-not-ta-${OTHER}`, RCODE.NOERROR],
  ])('%s', async (_, label, rcode) => {
    const world = signedInternet();
    const ask = clientOf(world);
    const name = `${label}.wild.good.`;
    // From the network, and twice from what is kept.
    for (let i = 0; i < 3; i++) {
      const message = await ask(i === 1 ? name.toUpperCase() : name, { dnssecOk: true });
      expect([message.rcode, message.authenticData]).toEqual([rcode, rcode === RCODE.NOERROR]);
    }
    const { extendedErrors, failure } = await world.ask(name);
    if (rcode === RCODE.SERVFAIL) {
      expect(failure).toBe('sentinel');
      expect(extendedErrors[0]?.text).toMatch(/^key \d+ is (no|a) trust anchor of the root here/);
    }
    // RFC 8509, 3.1: a client that validates for itself is told what there is.
    expect(await ask(name, { cd: true })).toMatchObject({ rcode: RCODE.NOERROR, answer: [{ type: TYPE.A }] });
  });
});

it('SERVFAIL by it is explained as what it is', async () => {
  const world = signedInternet();
  const name = nameFromText(`root-key-sentinel-not-ta-${OURS}.wild.good.`);
  const events: ResolutionEvent[] = [];
  const observer = (event: ResolutionEvent): void => void events.push(event);
  const asked = world.resolver.resolve({ name, type: TYPE.A, checkingDisabled: false, observer });
  const verdict = diagnose(events, (await world.virtual?.runUntil(asked)) as Resolution);
  expect(verdict).toMatchObject({ fault: 'nobody', works: true });
  expect(verdict.summary).toMatch(/ resolves\. It is a test of which root keys resolvers trust/);
});

describe('what the sentinel leaves alone (RFC 8509, 3.1)', () => {
  const label = `root-key-sentinel-is-ta-${OTHER}`;

  it('types other than those of addresses', async () => {
    expect((await signedInternet().ask(`${label}.wild.good.`, TYPE.TXT)).rcode).toBe(RCODE.NOERROR);
  });

  it('answers that are not secure', async () => {
    const world = signedInternet({ [OPEN_IP]: ({ text }) => ({ answer: `${text} A 192.0.2.8` }) });
    expect(await world.ask(`${label}.open.`)).toMatchObject({ rcode: RCODE.NOERROR, security: 'insecure' });
  });

  it.each([
    ['not in the first label', `a.${label}`],
    ['with too few digits', label.slice(0, -1)],
    ['with other than digits', `${label.slice(0, -1)}x`],
    ['with more before it', `x${label}`],
  ])('a name that has it %s', async (_, name) => {
    expect(await signedInternet().ask(`${name}.wild.good.`)).toMatchObject({ rcode: RCODE.NOERROR });
  });
});
