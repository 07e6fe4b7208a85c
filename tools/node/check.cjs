// Says in one line which Node.js is needed where the one that runs is too old; the npm scripts load it first, and any Node.js parses it.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    'rootwalk needs Node.js 24 or newer, and this is ' +
      process.version +
      '. "npm ci" brings one for Linux (glibc), macOS and Windows on x64 and for Linux and macOS on arm64;' +
      ' elsewhere install it from https://nodejs.org/ and try again.',
  );
  process.exit(1);
}
