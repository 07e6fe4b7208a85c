// Known-answer tests: which algorithms and digests this platform really verifies, so that the rest count as unknown.

import { Buffer } from 'node:buffer';
import { algorithmOf, algorithms, digestOctets, dsDigests, importPublicKey, verifyOctets } from './algorithms.ts';

/** What can be verified here. A zone that uses nothing of it is insecure (RFC 4035, 5.2), not bogus. */
export interface Support {
  /** Algorithm numbers of DNSKEY, RRSIG and DS. */
  readonly algorithms: ReadonlySet<number>;
  /** Digest types of DS. */
  readonly digests: ReadonlySet<number>;
}

/**
 * Tests each algorithm with a signature that is right and one that is not, each digest with one value; some 15 ms in a new
 * process, for OpenSSL prepares each at its first use.
 * `sha1`: `insecure` leaves out RSASHA1 and RSASHA1-NSEC3-SHA1 (RFC 9905, 2; SHA-1 digests of DS stay); default
 * `validate`.
 */
export function probeSupport(options: { readonly sha1?: 'validate' | 'insecure' } = {}): Support {
  const numbers = new Set<number>();
  for (const algorithm of algorithms) {
    if (algorithm.digest === 'sha1' && options.sha1 === 'insecure') continue;
    if (answersRight(algorithm.number)) numbers.add(algorithm.number);
  }
  const digests = new Set<number>();
  for (const [type] of dsDigests) {
    const digest = digestOctets(type, message);
    if (digest !== undefined && Buffer.from(digest).toString('hex') === digestAnswers.get(type)) digests.add(type);
  }
  return { algorithms: numbers, digests };
}

function answersRight(number: number): boolean {
  const algorithm = algorithmOf(number);
  const known = answers.get(number);
  if (algorithm === undefined || known === undefined) return false;
  const { key } = importPublicKey(algorithm, Buffer.from(known.key, 'base64'));
  if (key === undefined) return false;
  const signature = Buffer.from(known.signature, 'base64');
  if (!verifyOctets(algorithm, key, message, signature)) return false;
  signature[8] = (signature[8] as number) ^ 1;
  return !verifyOctets(algorithm, key, message, signature);
}

const message: Uint8Array = Buffer.from('rootwalk known-answer test', 'latin1');

const rsaKey =
  'AwEAAd/WuP7cXjathvDTnFy6tIDJcCl48ea/QjNBVo5R8z8H6ZKR0xi3jymI5EwiFgWklGV6DDwQXJU7JWq0qO1mBP2a4QZtFvBY1o0KPrjP/HVS' +
  'iZRmcBSKuSSTDXw9cR48qu5vEJV87yZSX1UUUr5l1Sgzv7Un8UMcnvzEZYmWIafb';
const rsaSha1 =
  'taxDzwdJada0pWaqh6GLPanje6PSIAMX98b+L5H3Sxa1JRxRZ1LyBcQFRcagC3AXHcMUQDgab3HEWqyRTj/KM/aAMZcTwzek23vWtV4r0yPYZ4FU' +
  'BFRmRHDdihnB+sPlFBdYx0sEtQzOmv6+aOE50WYhGV1omInjjso1KcH6YlM=';

/** Keys as in a DNSKEY, signatures as in an RRSIG, all over {@link message}, made once for this table. */
const answers: ReadonlyMap<number, { readonly key: string; readonly signature: string }> = new Map([
  [5, { key: rsaKey, signature: rsaSha1 }],
  [7, { key: rsaKey, signature: rsaSha1 }],
  [
    8,
    {
      key: rsaKey,
      signature:
        'HYUiTzWKd58F7zBVY4beQKfomzFt2Z9g/fS1ZAgMiwUYAR0b+yCUAKARkpCXtzjqiPf1IrldDQg/4g2JnS7vabAqAqDQbovtmfheABVRKkaA' +
        'vq8e0ynsPvvUXKYI/1bbCKbPM6Nq8WnwkI+1huH39QBHC80+/4vy2DxbYQ/pNV8=',
    },
  ],
  [
    10,
    {
      key: rsaKey,
      signature:
        'IbEIdGNOph9lgHlCKyBoILPGlVkvT4d+LEZ7Umuo6Gu4o5j+vWxOHB8gvj3qTOtB1FJYXFpABTWUrTSToivdo5qk/AXON74ONlU0nH6W860z' +
        'IvKKIakFs7iwW4uEUgZ1Rk//113S2OQMPHqFqQffOsoEul9XmJDAoFGlvDFJ/P0=',
    },
  ],
  [
    13,
    {
      key: 'DydVREti1iapVA6SSiQOPbKfHmo5cSNlUXGBt1iF0mO7Tvjh4f1Hj3oybUKc2zUXpImXVTYRKSd6f+9e6BUROQ==',
      signature: 'yx0Z4yIv+kk0NqU/LNqcLKIQI2uR5ARvVz4h+nsfhMCF7W0pf9fS2CjYk0bSY2ndW7eA0r6t16yT+isMHROyTA==',
    },
  ],
  [
    14,
    {
      key:
        'LHGuQBvNBHjs4ljHTqMsa/U0xBlaRuYQPmUq/474gwMRGzm8nr8/Nhcxyw1aO1eP5XXjb8zCrOYUjEwY0EZwq9JZToBZop1WlH2CBNnYmFoC' +
        'oUeC3gmTcYwh/MOP4Jl7',
      signature:
        '88XU64fL6IFr0TclPF9cpKXB2F/O8AtEKjPzhIV8ylZG+Y3MzuZYdAk7waUe53XPcersvD97q05iQUwcYWqGYkRP/yAJTU/AdcYzYA9skGl0' +
        'zJZzh3pJetOQoctq4VG0',
    },
  ],
  [
    15,
    {
      key: 'BhredI2iBOTU8pAGFE9W5KQ14pEchgYo35YYHHJRTd4=',
      signature: '1nVUmNCH8uCYtPdWzQ75KSrP5/HNged4pYBmU9hf+VrajzCqqh0oMhrKi0Bi7iFg/3Zqf68GzPYrV9USNZ7KBg==',
    },
  ],
  [
    16,
    {
      key: 'CMQWtOvJzhYun0DSVvRmRk5JIBpA8Cya84AlwYAMusxaZ2ktvIHqV7qtOoTCD5XVF8lDk72NvdSA',
      signature:
        'uVYcXmv4Dhq7EsV1ktwwtNObxSoy5abysZa+Cgj1JmOO+pcH6wNs0QbX8fHI5iK9+F3mMFzBjbEAptsf0CKHf+W7v+FAywzr3KMD9sNT77dq' +
        'rCl3/Zl7FQg4sfUl8RMfjEVjMJ4PZk4GPKPAP2CBwQAA',
    },
  ],
]);

/** Digests of {@link message} in hex, by DS digest type. */
const digestAnswers: ReadonlyMap<number, string> = new Map([
  [1, '3041f630fd1811f8931ef8c410184cf33f99c14c'],
  [2, 'd9376ed6d302f4a9b0f1b59081821f780279a6a8dd9d78fd65102dbbd627ccb4'],
  [4, 'c9e12f6ac3d6ddae6b7c1b609da2f76302358e6a30ca51ecb81dc9a2b8aa966d71f5ac94dd236f59a939863fe7e31e06'],
]);
