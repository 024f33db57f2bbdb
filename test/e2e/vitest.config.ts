// The desktop app's own tests. They need Electron's binary and a display; `npm test` says so where they are missing.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    allowOnly: false,
  },
});
