import { defineConfig } from 'rolldown';

/** V8 keeps a source with one character beyond Latin-1 in two bytes for each. */
const asciiOnly = {
  name: 'ascii-only',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk') chunk.code = chunk.code.replace(/[^\0-\x7f]/g, escaped);
    }
  },
};

const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

// The command is bundled, dependencies included: five processes start at once, and resolving and
// reading a thousand small files is most of what each of them would do. So are the libraries: a lab in a test's
// own process starts the same parts, and what both export is one class, not two.
export default defineConfig({
  input: {
    quorate: 'services/cli/main.ts',
    testing: 'services/lab/index.ts',
    client: 'shared/client/index.ts',
    // Threads': they are found by their names.
    'yaml-worker': 'services/apiserver/rest/yaml/yaml-worker.ts',
    'certificates-thread': 'services/cli/certificates-thread.ts',
  },
  platform: 'node',
  // The first three find their native binaries beside themselves. The fourth looks for its 64-bit integers
  // with a require that no bundler sees, and would go on with inexact numbers. The last is the user's.
  external: ['bcrypt', 'classic-level', '@lydell/node-pty', '@grpc/proto-loader', 'testcontainers'],
  resolve: { conditionNames: ['quorate-source', 'node', 'import', 'default'] },
  plugins: [asciiOnly],
  // V8 keeps the text of what it has loaded, comments too.
  output: { dir: 'dist/bin', format: 'esm', cleanDir: true, comments: false },
});
