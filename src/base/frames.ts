// The framing of messages on a stream: a length of two octets, then the message (RFC 1035, 4.2.2).

/** Octets set aside when a frame begins; more only as they arrive, so that a bare length cannot claim memory. */
const FIRST_OCTETS = 1024;

/** Takes apart what arrives on one stream. It holds at most one unfinished message: 65,535 octets. */
export interface FrameReader {
  /** Gives each message that `chunk` completes to `take`, in order, as octets of their own. */
  push(chunk: Uint8Array, take: (message: Uint8Array) => void): void;
  /** True within a frame: a length or a message is unfinished. */
  readonly unfinished: boolean;
}

/** A reader at the beginning of a stream. */
export function createFrameReader(): FrameReader {
  let high = -1;
  let wanted = -1;
  let message = new Uint8Array(0);
  let filled = 0;

  return {
    push(chunk, take): void {
      let at = 0;
      // Nothing more need arrive to end an empty message.
      while (at < chunk.length || wanted === 0) {
        if (wanted < 0) {
          const octet = chunk[at] as number;
          at += 1;
          if (high < 0) {
            high = octet;
            continue;
          }
          wanted = (high << 8) | octet;
          high = -1;
          filled = 0;
          message = new Uint8Array(Math.min(wanted, Math.max(FIRST_OCTETS, chunk.length - at)));
        }
        const part = Math.min(wanted - filled, chunk.length - at);
        if (filled + part > message.length) {
          const larger = new Uint8Array(Math.min(wanted, Math.max(filled + part, message.length * 2)));
          larger.set(message.subarray(0, filled));
          message = larger;
        }
        message.set(chunk.subarray(at, at + part), filled);
        filled += part;
        at += part;
        if (filled === wanted) {
          const whole = message;
          wanted = -1;
          message = new Uint8Array(0);
          take(whole);
        }
      }
    },
    get unfinished(): boolean {
      return high >= 0 || wanted >= 0;
    },
  };
}

/** `message` behind its length; `message` is at most 65,535 octets. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(message.length + 2);
  framed[0] = message.length >>> 8;
  framed[1] = message.length & 255;
  framed.set(message, 2);
  return framed;
}
