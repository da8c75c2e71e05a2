import { defineConfig } from 'rolldown';

// The command is bundled, dependencies included: five processes start at once, and resolving and
// reading a thousand small files is most of what each of them would do.
export default defineConfig({
  input: { quorate: 'services/cli/main.ts' },
  platform: 'node',
  // It finds its native binary beside itself.
  external: ['classic-level'],
  resolve: { conditionNames: ['quorate-source', 'node', 'import', 'default'] },
  output: { dir: 'dist/bin', format: 'esm', cleanDir: true },
});
