import { assert } from '#shared/base';
import { DataDir, identityFile } from '../data-dir.ts';
import { appliedKnown, readKnownFrom, writeKnownTo } from './known-backend.ts';

const known = { known: true };

/** A data directory whose contents are known, to be damaged and opened again. */
export async function writeKnownDir(folder: string): Promise<void> {
  const dir = await DataDir.open(folder);
  const entries = Array.from({ length: appliedKnown.index + 3 }, (_, i) => ({
    index: i + 1,
    term: 1,
    type: 'normal' as const,
    data: Buffer.alloc(100, `${i}`),
  }));
  await dir.log.write([{ hardState: { term: 2, vote: 1, commit: 1 }, entries }]);
  await writeKnownTo(dir.backend);
  await dir.writeJson(identityFile, known);
  await dir.close();
}

/**
 * Throws where something is not as it was written. What a member does without is none of its matter: an older state of the
 * backend, from which the log goes on, and the file that says who it is.
 */
export async function openKnownDir(folder: string): Promise<void> {
  const dir = await DataDir.open(folder);
  try {
    const { index } = dir.backend.applied;
    if (index === appliedKnown.index) readKnownFrom(dir.backend);
    assert(dir.log.compactedIndex() <= index, 'the log begins too late');
    assert(dir.log.lastIndex() === appliedKnown.index + 3, 'the log ends elsewhere');
    const identity = (await dir.readJson(identityFile)) ?? known;
    assert(JSON.stringify(identity) === JSON.stringify(known), 'another member');
  } finally {
    await dir.close();
  }
}
