import { openKnownDir } from './known-dir.ts';

/*
 * Opens one known data directory after the other, and says of each, on a line, whether it is whole, or what was
 * said of its damage. A process of its own: LevelDB ends the one it is in at some damage to its own structures.
 */
for (const folder of process.argv.slice(2)) {
  try {
    await openKnownDir(folder);
    process.stdout.write('whole\n');
  } catch (thrown) {
    process.stdout.write(`${String(thrown).replaceAll('\n', ' ')}\n`);
  }
}
