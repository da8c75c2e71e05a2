#!/usr/bin/env node
// No named import: an old Node.js does not have it, and must get the line below, not a syntax error.
import module from 'node:module';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error: quorate needs Node.js 22.19 or newer and this is ${process.versions.node}; ` +
      '`npx quorate` in its folder uses the one it brings\n',
  );
  process.exit(1);
}
module.enableCompileCache();

// Imported only now, for the same reason.
const { runCli } = await import('./run.ts');
await runCli(process);
