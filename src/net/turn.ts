// One turn of the event loop: the only macrotask that virtual time waits for.

/** Resolves after every promise continuation that is ready now has run, and those that they make ready. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
