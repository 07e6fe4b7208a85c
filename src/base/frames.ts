// The framing of messages on a stream: a length of two octets, then the message (RFC 1035, 4.2.2).

/** Octets set aside when a frame begins; more only as they arrive, so that a bare length cannot claim memory. */
const FIRST_OCTETS = 1024;

/** Takes apart what arrives on one stream. It holds one chunk and one unfinished message: at most 65,535 octets. */
export interface FrameReader {
  /** Hands over what arrived. The chunk before it must have been used up: `next` gave undefined. */
  push(chunk: Uint8Array): void;
  /** The next whole message, as octets of its own; undefined: more must arrive. */
  next(): Uint8Array | undefined;
}

const NOTHING = new Uint8Array(0);

/** A reader at the beginning of a stream. */
export function createFrameReader(): FrameReader {
  let chunk: Uint8Array = NOTHING;
  let at = 0;
  /** The first octet of a length, or -1. */
  let high = -1;
  /** The length of the message begun, or -1. */
  let wanted = -1;
  let message: Uint8Array = NOTHING;
  let filled = 0;

  function readLength(): boolean {
    while (at < chunk.length) {
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
      return true;
    }
    return false;
  }

  return {
    push(more): void {
      chunk = more;
      at = 0;
    },
    next(): Uint8Array | undefined {
      if (wanted < 0 && !readLength()) {
        chunk = NOTHING;
        return undefined;
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
      if (filled < wanted) {
        chunk = NOTHING;
        return undefined;
      }
      const whole = message;
      wanted = -1;
      message = NOTHING;
      return whole;
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
