// The port to system calls on datagram sockets, where the platform lets them be made without a turn of the event loop each.

/** Memory that system calls read and write by its address; it is never given back. */
export interface FixedMemory {
  readonly buffer: ArrayBuffer;
  readonly address: bigint;
}

/**
 * System calls of Linux on 64 bits, none of which blocks. Descriptors are numbers; addresses of peers are octets as
 * `sockaddr_in` and `sockaddr_in6` have them. Calls that throw throw an Error with the system's `code`. Arrays that are
 * given are used until the call returns and no longer; one that serves call after call costs less than a new one each.
 */
export interface SystemCalls {
  /** Zeroed. To be called when something is opened, not while it works. */
  allocate(octets: number): FixedMemory;
  /** A UDP socket of IPv4 or of IPv6 alone, non-blocking and closed on exec. Throws. */
  openSocket(ipv6: boolean): number;
  /** Throws. */
  bind(descriptor: number, address: Uint8Array): void;
  /** An integer option; false where the system refuses it. */
  setOption(descriptor: number, level: number, option: number, value: number): boolean;
  /** The value of an integer option. Throws. */
  option(descriptor: number, level: number, option: number): number;
  /** The address that a socket is bound to, as it has it. Throws. */
  boundAddress(descriptor: number): Uint8Array;
  /** Of a socket, or of what {@link openPoll} gave. */
  close(descriptor: number): void;
  /** False: {@link lastError} says why. */
  connect(descriptor: number, address: Uint8Array): boolean;
  /** The first `length` octets, on a connected socket; false: {@link lastError} says why. */
  send(descriptor: number, octets: Uint8Array, length: number): boolean;
  /** The octets of a datagram, 0 or more, and its sender in `from`; -1: `lastError` says why, EAGAIN when none waits. */
  receiveFrom(descriptor: number, into: Uint8Array, from: Uint8Array): number;
  /** The code of what the last call on this interface failed by. */
  lastError(): string;
  /** Sends the first `length` octets to `address`; false when the system does not take them now. */
  sendTo(descriptor: number, octets: Uint8Array, length: number, address: Uint8Array): boolean;
  /** Fills up to `count` of the `mmsghdr` that `headers` holds; returns how many, 0 when nothing waits. */
  receiveMany(descriptor: number, headers: Uint8Array, count: number): number;
  /** Sends `count` of the `mmsghdr` that `headers` holds; returns how many the system took, 0 or more. */
  sendMany(descriptor: number, headers: Uint8Array, count: number): number;
  /** Something by which many sockets are waited for at once. Throws. */
  openPoll(): number;
  /** Has `poll` tell when `descriptor` can be read, until that is closed. False: the system refuses. */
  watch(poll: number, descriptor: number): boolean;
  /** The descriptors that can be read now are put in `found`; returns how many. */
  readable(poll: number, found: Int32Array): number;
  /**
   * Calls `run` in the event loop whenever `descriptor` can be read, a socket or what {@link openPoll} gave, until the watch
   * is closed, as it must be before the descriptor is. `run` tells whether it left anything to promises.
   */
  onReadable(descriptor: number, run: () => boolean): Watch;
}

/** A descriptor that is waited for. */
export interface Watch {
  /** Whether it keeps the process alive; at first it does. */
  hold(alive: boolean): void;
  close(): void;
}

/** Levels and options of sockets, as Linux numbers them. */
export const SOCKET_OPTION = {
  socket: 1,
  reuseAddress: 2,
  sendBuffer: 7,
  receiveBuffer: 8,
  /** SO_SNDBUFFORCE and SO_RCVBUFFORCE: beyond the kernel's limit, for who may administer the network. */
  sendBufferForce: 32,
  receiveBufferForce: 33,
  ip: 0,
  ipMtuDiscover: 10,
  ipv6: 41,
  ipv6MtuDiscover: 23,
  ipv6Only: 26,
  /** IP_PMTUDISC_OMIT: no forged ICMP can make us send fragments; as BIND and Unbound do. */
  mtuDiscoverOmit: 5,
} as const;

/** Octets of the longest address, `sockaddr_in6`. */
export const sockaddrOctets = 28;
const familyIpv4 = 2;
const familyIpv6 = 10;

/**
 * The address of a peer with `octets` (4, 16, or 4 for an IPv4-mapped one) and `port`, as a socket of that family takes
 * it. `scope`: the number of a link-local address's interface.
 */
export function makeSockaddr(octets: Uint8Array, port: number, ipv6: boolean, scope = 0): Uint8Array {
  const address = new Uint8Array(ipv6 ? sockaddrOctets : 16);
  address[0] = ipv6 ? familyIpv6 : familyIpv4;
  address[2] = port >>> 8;
  address[3] = port;
  address.set(octets, ipv6 ? 8 : 4);
  if (ipv6) for (let i = 0; i < 4; i++) address[24 + i] = scope >>> (8 * i);
  return address;
}

/** The port in such an address. */
export function portOf(sockaddr: Uint8Array): number {
  return ((sockaddr[2] as number) << 8) | (sockaddr[3] as number);
}
