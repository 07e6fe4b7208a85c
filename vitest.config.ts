// How the tests run: every file of test/ that ends in .test.ts, in threads, with no network.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    testTimeout: 10_000,
    passWithNoTests: false,
  },
});
