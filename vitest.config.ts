import { defineConfig } from 'vitest/config';

/** They load the machine or measure how it bears up, kill what others would wait for, or bring up everything at once: nothing beside them. */
const aloneSuites = ['findings-faults', 'resilience', 'start', 'webhook-safety'].map(
  (name) => `e2e/suites/${name}.test.ts`,
);

const endToEnd = {
  globalSetup: ['e2e/suites/global-setup.ts'],
  testTimeout: 240_000,
  hookTimeout: 600_000,
  // A shared machine stalls for seconds now and then. A test that needed its second try is shown with "retry x1": look at it.
  // Before a second try nothing is set up anew: `--repeats=1` shows which tests would fail it for what their first one left.
  retry: process.env['CI'] === 'true' ? 1 : 0,
};

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
          ...endToEnd,
          name: 'e2e',
          include: ['e2e/suites/**/*.test.ts'],
          exclude: aloneSuites,
          // They wait for most of their time: two share two cores well.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...endToEnd,
          name: 'e2e-alone',
          include: aloneSuites,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
