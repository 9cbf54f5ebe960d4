const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': '@swc/jest',
    '/@nestjs/throttler/.*\\.js$': '<rootDir>/test/support/commonjs-throttler.mjs',
  },
  transformIgnorePatterns: ['/node_modules/(?!@nestjs/throttler/)'],
  setupFiles: ['<rootDir>/test/support/nest-for-commonjs.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironment: 'node',
};

/** Two tiers: pure rules beside their code, and the service over HTTP on a real PostgreSQL. */
export default {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.mjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    },
  ],
  reporters: ['default', '<rootDir>/test/support/counts.reporter.mjs'],
  testTimeout: 30_000,
};
