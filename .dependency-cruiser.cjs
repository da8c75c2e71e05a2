// The layers of docs/architecture.md as a rule: arrows point down only.
const pureCores = '^shared/(raft|mvcc|api|checks)/';
const tests = '\\.test\\.ts$|/testing/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one idea, or a third one is missing.',
      severity: 'error',
      from: { pathNot: '/gen/' },
      to: { circular: true },
    },
    {
      name: 'services-are-separate',
      comment: 'Services meet over a contract; only the CLI and the simulator compose them.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: '^services/(cli|simulator|lab)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'shared-below-services',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(services|cluster-tests)/' },
    },
    {
      name: 'services-below-tests',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^cluster-tests/' },
    },
    {
      name: 'pure-cores-do-no-io',
      comment: 'raft, mvcc, api and checks know no sockets, files, clocks or adapters.',
      severity: 'error',
      from: { path: pureCores, pathNot: `${tests}|/build/` },
      to: {
        path: [
          '^node:',
          '^node_modules/(@grpc|classic-level|pino|prom-client)',
          '^shared/(client|rpc|storage|faults|runtime|clock)/',
        ],
        pathNot: '^shared/rpc/gen/',
      },
    },
    {
      name: 'cores-do-no-io-at-all',
      comment: 'Node built-ins have no place in a pure core.',
      severity: 'error',
      from: { path: pureCores, pathNot: `${tests}|/build/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'base-is-the-bottom',
      severity: 'error',
      from: { path: '^shared/(base|clock)/' },
      to: { path: '^shared/', pathNot: '^shared/(base|clock)/' },
    },
    {
      name: 'grpc-behind-rpc',
      comment: 'grpc-js is imported by shared/rpc and by the grpc folder of a service.',
      severity: 'error',
      from: { pathNot: `^shared/rpc/|^services/[^/]+/grpc/|${tests}|^cluster-tests/` },
      to: { path: 'node_modules/@grpc/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'leveldb-behind-storage',
      severity: 'error',
      from: { pathNot: '^shared/storage/' },
      to: { path: 'node_modules/classic-level' },
    },
    {
      name: 'one-door-per-folder',
      comment: 'Other folders of shared/ and services/ are entered by their index.ts.',
      severity: 'error',
      from: { path: '^(shared|services)/([^/]+)/', pathNot: '^shared/rpc/gen/' },
      to: {
        path: '^(shared|services)/[^/]+/',
        pathNot: [
          '^$1/$2/',
          '^(shared|services)/[^/]+/index\\.ts$',
          '^shared/rpc/gen/',
          // Long texts that one page in a thousand needs: loaded by themselves.
          '^shared/api/gen/descriptions.json',
          '/testing/',
        ],
      },
    },
    {
      name: 'no-orphans',
      comment: 'A file nobody imports is dead, unless it is a door, an entry or a test.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: `${tests}|^cluster-tests/|index\\.ts$|main\\.ts$|/gen/|/build/|\\.d\\.ts$`,
      },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['quorate-source', 'import', 'types', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.d.ts', '.json'],
    },
    doNotFollow: { path: ['node_modules', 'dist'] },
    exclude: { path: '^dist/' },
  },
};
