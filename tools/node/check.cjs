// Says in one line which Node.js is needed, where the one that runs is too old. Loaded first by the npm scripts; any Node parses it.
var least = 24;
if (Number(process.versions.node.split('.')[0]) < least) {
  console.error(
    'rootwalk needs Node.js ' + least + ' or newer, and this is ' + process.version + '. "npm ci" in this folder brings one' +
      ' for Linux, macOS and Windows; else install it from https://nodejs.org/ and try again.'
  );
  process.exit(1);
}
