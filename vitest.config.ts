// How the tests run: every file of test/ that ends in .test.ts, on loopback at most.
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 10_000,
    // Some tests bound real time and real sockets: on a shared machine one stall is not a fault, two are.
    retry: 'CI' in process.env ? 1 : 0,
    // No module has state of its own, so files can share a worker: a worker for each would cost as much as the tests.
    isolate: false,
    // Many tests wait for real time: more files than one at a time hide that.
    maxWorkers: '100%',
  },
});

export default config;
