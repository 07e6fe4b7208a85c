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
  keepCompiledCode();
  import('./run.ts')
    .then(({ run }) => run(process.argv))
    .catch((error: unknown) => {
      console.error(error);
      process.exitCode = 10;
    });
}

/**
 * Has Node keep the code that it compiles for the next start, in the folder that systemd gives a service, else below the
 * user's own. Where it cannot be kept it is compiled anew.
 */
function keepCompiledCode(): void {
  try {
    const { CACHE_DIRECTORY } = process.env;
    // HOME could be that of another user, who might write code for this one.
    const { homedir } = process.getBuiltinModule('node:os').userInfo();
    const folder = CACHE_DIRECTORY === undefined ? `${homedir}/.cache/rootwalk` : CACHE_DIRECTORY;
    process.getBuiltinModule('node:module').enableCompileCache(folder);
  } catch {
    // A user without an entry in the system's list has no folder.
  }
}

export {};
