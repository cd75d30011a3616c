// How the tests run: real processes and sockets, so forked workers (two, to leave room for the servers under test) and a
// generous deadline instead of sleeps. test/survivors.ts fails the run if it leaves a process behind.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/generators/**', 'test/conformance/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    setupFiles: ['test/seed.ts'],
    globalSetup: ['test/survivors.ts'],
  },
});
