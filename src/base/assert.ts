// Assertions: they stay on in production and mean a fault in our own code, never bad input.

/** Thrown by {@link assert}; caught nowhere but at the process boundary. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Throws {@link AssertionError} with `message` unless `condition` holds. The message is a constant: one that is put together
 * costs each time, not only when it is needed.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
