/**
 * Who may import what: one rule per sentence of docs/architecture.md, "Who may know whom". A type that
 * the compiler erases ties nothing together at run time, so rules about behaviour leave types out
 * (`preCompilationOnly: false`).
 */
const TESTS = '[.]spec[.]ts$';
const FEATURES = '^src/(access|alerts|devices|health|notifications|sync-events)/';
/** What decides and stores. It must not know that there is such a thing as HTTP. */
const BEHAVIOUR = '[.](service|listener|recorder|rule|repository|event|errors)[.]ts$|^src/(domain|database)/';

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    forbid(
      'no-cycles',
      'Arrows point one way.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] }, preCompilationOnly: false },
    ),
    forbid(
      'no-dangling-imports',
      'Everything imported exists and is in package.json.',
      {},
      { couldNotResolve: true },
    ),
    forbid(
      'no-dev-packages-at-run-time',
      'What the service needs is a dependency, not a development dependency.',
      { path: '^src/', pathNot: TESTS },
      { dependencyTypes: ['npm-dev'], preCompilationOnly: false, pathNot: '/@types/' },
    ),
    forbid(
      'controllers-ask-their-service',
      'A controller calls its own service; the database is behind that.',
      { path: '[.]controller[.]ts$' },
      { path: '^src/database/|[.]rule[.]ts$', preCompilationOnly: false },
    ),
    forbid(
      'controllers-keep-to-their-module',
      'A controller calls its own service and no other module’s.',
      { path: '^src/([^/]+)/.*[.]controller[.]ts$' },
      { path: `${FEATURES}.*[.](service|controller|recorder|listener)[.]ts$`, pathNot: '^src/$1/' },
    ),
    forbid(
      'modules-meet-in-events',
      'A service or listener takes from another module its events, and the types of its answers.',
      { path: '^src/([^/]+)/.*[.](service|listener|recorder|rule)[.]ts$' },
      { path: FEATURES, pathNot: ['^src/$1/', '[.]event[.]ts$'], preCompilationOnly: false },
    ),
    forbid(
      'sync-events-know-no-listener',
      'sync-events tells what happened and never knows who listens.',
      { path: '^src/sync-events/' },
      { path: '^src/(alerts|devices)/' },
    ),
    forbid(
      'the-database-stands-alone',
      'database/ knows the generated client, the configuration and the domain’s words, and no feature.',
      { path: '^src/database/', pathNot: TESTS },
      { path: '^src/', pathNot: '^src/(database|generated|config|domain)/' },
    ),
    forbid(
      'the-client-stays-in-the-database',
      'The generated client and SQL live in database/. Its enums are plain lists of words, for everyone.',
      { path: '^src/', pathNot: '^src/(database|generated)/' },
      {
        path: '^src/generated/|^node_modules/(pg|@prisma/.*)/',
        pathNot: '^src/generated/prisma/enums[.]ts$',
      },
    ),
    forbid(
      'behaviour-knows-no-http',
      'HTTP is known to controllers, DTOs, guards, pipes, the filter and app.setup.ts, not to what decides and stores.',
      { path: BEHAVIOUR, pathNot: '^src/(health|http)/' },
      {
        path: '^src/http/|^node_modules/(express|@nestjs/(swagger|platform-express))/|^(node:)?http$',
        preCompilationOnly: false,
      },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules|^src/generated' },
    exclude: { path: '^src/generated/prisma/(internal|models)' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
