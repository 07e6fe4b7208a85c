// The one error of the codec: octets or text that are not what they claim to be.

/** Malformed octets or text; `message` says what is wrong and where. Never thrown for a fault of our own. */
export class WireError extends Error {
  override readonly name = 'WireError';
}
