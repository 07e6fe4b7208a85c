// Framing on a stream: whatever the segments, the same messages come out.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameReader, frame } from '../../src/base/frames.ts';

function read(chunks: readonly Uint8Array[]): Uint8Array[] {
  const reader = createFrameReader();
  const messages: Uint8Array[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
  }
  return messages;
}

describe('createFrameReader', () => {
  it('gives back the messages that were framed, however the stream is cut', () => {
    const message = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 900, maxLength: 3000 }));
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 1500 })),
        (messages, cuts) => {
          const stream = Buffer.concat(messages.map(frame));
          const chunks: Uint8Array[] = [];
          for (let at = 0, i = 0; at < stream.length; i += 1) {
            const end = at + (cuts[i % Math.max(cuts.length, 1)] ?? stream.length);
            chunks.push(stream.subarray(at, end));
            at = end;
          }
          expect(read(chunks).map((octets) => Buffer.from(octets))).toEqual(
            messages.map((octets) => Buffer.from(octets)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('carries 65,535 octets and none at all', () => {
    const longest = new Uint8Array(65_535).fill(3);
    const empty = new Uint8Array(0);
    expect(read([frame(longest), frame(empty), frame(longest)]).map(({ length }) => length)).toEqual([
      65_535, 0, 65_535,
    ]);
  });

  it('gives octets that later segments do not change', () => {
    const segment = Buffer.from(frame(Uint8Array.of(1, 2, 3)));
    const [message] = read([segment]);
    segment.fill(0);
    expect(message).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('sets aside little for a length alone', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 1000 }, () => {
      const reader = createFrameReader();
      reader.push(Uint8Array.of(255, 255, 0));
      reader.next();
      return reader;
    });
    // 65 MB if each took the length at its word.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
    expect(readers).toHaveLength(1000);
  });
});
