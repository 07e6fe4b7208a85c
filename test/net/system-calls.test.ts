// System calls without the event loop: that they are found or said why not, and that they fail as Node's own do.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { makeSockaddr, SOCKET_OPTION } from '../../src/base/system-calls.ts';
import { findSystemCalls } from '../../src/net/system-calls.ts';

const { calls } = findSystemCalls();

describe('system calls', () => {
  it('are not had without the package, or with one that cannot be loaded, and it is said why', () => {
    const missing = Object.assign(new Error(), { code: 'MODULE_NOT_FOUND' });
    const without = findSystemCalls(() => {
      throw missing;
    });
    const broken = findSystemCalls(() => {
      throw new Error('no such symbol');
    });
    // Elsewhere than on Linux nothing is loaded at all.
    if (process.platform === 'linux') {
      expect(without).toEqual({ why: 'the package koffi is not installed' });
      expect(broken).toEqual({ why: 'koffi: no such symbol' });
    }
    expect([without.calls, broken.calls]).toEqual([undefined, undefined]);
  });

  it('are not had in a worker thread, which may be ended at any moment', async () => {
    const module = new URL('../../src/net/system-calls.ts', import.meta.url).href;
    const script = `import('${module}').then((m) => require('node:worker_threads').parentPort.postMessage(m.findSystemCalls().why))`;
    const worker = new Worker(script, { eval: true });
    expect(await once(worker, 'message')).toEqual(['this is a worker thread']);
    await worker.terminate();
  });

  it.skipIf(calls === undefined)('bind, refuse a held port by its code, and leave fragments to nobody', () => {
    if (calls === undefined) return;
    const loopback = Uint8Array.of(127, 0, 0, 1);
    const port = 20_000 + (process.pid % 20_000);
    const first = calls.openSocket(false);
    const second = calls.openSocket(false);
    calls.bind(first, makeSockaddr(loopback, port, false));
    expect(() => calls.bind(second, makeSockaddr(loopback, port, false))).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    );
    const { ip, ipMtuDiscover, mtuDiscoverOmit } = SOCKET_OPTION;
    expect(calls.setOption(first, ip, ipMtuDiscover, mtuDiscoverOmit)).toBe(true);
    expect(calls.setOption(first, ip, 9999, 1)).toBe(false);
    calls.close(first);
    calls.bind(second, makeSockaddr(loopback, port, false));
    calls.close(second);
  });
});
