#!/usr/bin/env node
// The entry of the command line: refuses an old Node.js in one clear line, in syntax that an old Node.js still parses.
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `rootwalk needs Node.js 24 or newer, and this is ${process.version}. Install it from https://nodejs.org/ and try again.`,
  );
  process.exitCode = 1;
} else {
  // The same as --disable-proto=delete, however the program was started: no key of a stranger's can reach a prototype.
  Reflect.deleteProperty(Object.prototype, '__proto__');
  import('./run.ts')
    .then(({ run }) => run(process.argv))
    .catch((error: unknown) => {
      console.error(error);
      process.exitCode = 10;
    });
}

export {};
