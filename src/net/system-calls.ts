// System calls by way of `koffi`, a foreign function interface that the user may install: most programs do without.

import { createRequire } from 'node:module';
import { arch, platform } from 'node:process';
import { getSystemErrorName } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { type FixedMemory, type SystemCalls, sockaddrOctets, type Watch } from '../base/system-calls.ts';

type Koffi = typeof import('koffi');

/** What was found: the calls, or why there are none, in words for a log. */
export type FoundCalls =
  | { readonly calls: SystemCalls; readonly why?: undefined }
  | { readonly calls?: undefined; readonly why: string };

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 0x80802;
const MSG_DONTWAIT = 0x40;
const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** Sockets found readable by one call. */
const EVENTS_MOST = 64;
const FAMILY = { ipv4: 2, ipv6: 10 } as const;

/** The calls, where this platform has them and `load` finds the package. Loading takes about 10 ms. */
export function findSystemCalls(load: () => Koffi = loadKoffi): FoundCalls {
  // A watch still open when its thread ends would crash the process (koffi 3.3): only with the main thread it does not.
  if (!isMainThread) return { why: 'this is a worker thread' };
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) return { why: `${platform} on ${arch} has none` };
  try {
    return { calls: systemCalls(load()) };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
    return { why: missing ? 'the package koffi is not installed' : `koffi: ${(error as Error).message}` };
  }
}

function loadKoffi(): Koffi {
  return createRequire(import.meta.url)('koffi') as Koffi;
}

function systemCalls(koffi: Koffi): SystemCalls {
  // Its authors may still change it.
  if (typeof koffi.node?.poll !== 'function') throw new Error(`version ${koffi.version} has no \`node.poll\``);
  const libc = koffi.load('libc.so.6');
  const mmap = libc.func('void *mmap(void *, size_t, int, int, int, int64_t)');
  const socket = libc.func('int socket(int, int, int)');
  const bind = libc.func('int bind(int, void *, uint)');
  const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint)');
  const getsockopt = libc.func('int getsockopt(int, int, int, void *, void *)');
  const getsockname = libc.func('int getsockname(int, void *, void *)');
  const close = libc.func('int close(int)');
  const sendto = libc.func('int64_t sendto(int, void *, size_t, int, void *, uint)');
  const recvmmsg = libc.func('int recvmmsg(int, void *, uint, int, void *)');
  const sendmmsg = libc.func('int sendmmsg(int, void *, uint, int)');
  const connect = libc.func('int connect(int, void *, uint)');
  const send = libc.func('int64_t send(int, void *, size_t, int)');
  const recvfrom = libc.func('int64_t recvfrom(int, void *, size_t, int, void *, void *)');
  const epollCreate = libc.func('int epoll_create1(int)');
  const epollControl = libc.func('int epoll_ctl(int, int, int, void *)');
  const epollWait = libc.func('int epoll_wait(int, void *, int, int)');
  const value = new Int32Array(1);
  const length = new Int32Array(1);
  // struct epoll_event: events, and data of our own; packed on x64 alone.
  const eventWords = arch === 'x64' ? 3 : 4;
  const dataWord = arch === 'x64' ? 1 : 2;
  const event = new Int32Array(eventWords);
  const events = new Int32Array(eventWords * EVENTS_MOST);

  function allocate(octets: number): FixedMemory {
    const pointer = mmap(null, octets, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    return { buffer: koffi.view(pointer, octets), address: koffi.address(pointer) };
  }

  const lastError = (): string => getSystemErrorName(-koffi.errno());

  function failed(call: string): Error {
    const code = lastError();
    return Object.assign(new Error(`${call} ${code}`), { code, syscall: call });
  }

  return {
    allocate,
    openSocket(ipv6): number {
      const descriptor = socket(ipv6 ? FAMILY.ipv6 : FAMILY.ipv4, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
      if (descriptor < 0) throw failed('socket');
      return descriptor;
    },
    bind(descriptor, address): void {
      if (bind(descriptor, address, address.length) < 0) throw failed('bind');
    },
    setOption(descriptor, level, option, wanted): boolean {
      value[0] = wanted;
      return setsockopt(descriptor, level, option, value, 4) === 0;
    },
    option(descriptor, level, option): number {
      length[0] = 4;
      if (getsockopt(descriptor, level, option, value, length) < 0) throw failed('getsockopt');
      return value[0] as number;
    },
    boundAddress(descriptor): Uint8Array {
      const address = new Uint8Array(sockaddrOctets);
      length[0] = address.length;
      if (getsockname(descriptor, address, length) < 0) throw failed('getsockname');
      return address.slice(0, length[0]);
    },
    close(descriptor): void {
      close(descriptor);
    },
    connect: (descriptor, address) => connect(descriptor, address, address.length) === 0,
    send: (descriptor, octets, length) => send(descriptor, octets, length, MSG_DONTWAIT) === length,
    receiveFrom(descriptor, into, from): number {
      length[0] = from.length;
      return recvfrom(descriptor, into, into.length, MSG_DONTWAIT, from, length);
    },
    lastError,
    sendTo: (descriptor, octets, length, address) =>
      sendto(descriptor, octets, length, MSG_DONTWAIT, address, address.length) === length,
    receiveMany: (descriptor, headers, count) => Math.max(0, recvmmsg(descriptor, headers, count, MSG_DONTWAIT, null)),
    sendMany: (descriptor, headers, count) => Math.max(0, sendmmsg(descriptor, headers, count, MSG_DONTWAIT)),
    openPoll(): number {
      const descriptor = epollCreate(EPOLL_CLOEXEC);
      if (descriptor < 0) throw failed('epoll_create1');
      return descriptor;
    },
    watch(poll, descriptor): boolean {
      event[0] = EPOLLIN;
      event[dataWord] = descriptor;
      return epollControl(poll, EPOLL_CTL_ADD, descriptor, event) === 0;
    },
    readable(poll, found): number {
      const count = epollWait(poll, events, Math.min(found.length, EVENTS_MOST), 0);
      for (let i = 0; i < count; i++) found[i] = events[i * eventWords + dataWord] as number;
      return Math.max(0, count);
    },
    onReadable(descriptor, run): Watch {
      const handle = koffi.node.poll(descriptor, () => {
        // This is outside the scope in which Node lets promises go on and sees what is thrown: an immediate is within it.
        try {
          if (run()) setImmediate(goOn);
        } catch (error) {
          setImmediate(() => {
            throw error;
          });
        }
      });
      return {
        hold: (alive) => (alive ? handle.ref() : handle.unref()),
        close: () => handle.close(),
      };
    },
  };
}

/** Promises go on once it has returned. */
const goOn = (): undefined => undefined;
