#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error: quorate needs Node.js 22.19 or newer and this is ${process.versions.node}; ` +
      '`npx quorate` in its folder uses the one it brings\n',
  );
  process.exit(1);
}
enableCompileCache();

// Imported only now: an old Node.js must get the line above, not a syntax error of ours.
const { runCli } = await import('./run.ts');
await runCli(process);
