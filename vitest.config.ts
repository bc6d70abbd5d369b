import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{domain,kube,facts,process,agents,operator,webhook,cli,certificates,crds,charts,e2e,.ci,bench}/**/*.test.ts',
          ],
          exclude: ['e2e/suites/**'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/suites/**/*.test.ts'],
          globalSetup: ['e2e/suites/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          // A shared machine stalls for seconds now and then. A test that needed its second try is shown with "retry x1": look at it.
          retry: process.env['CI'] === 'true' ? 1 : 0,
        },
      },
    ],
  },
});
