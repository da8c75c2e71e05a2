import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkLinearizable, checkWatches } from '#shared/checks';
import { eventually, Load } from '#shared/lab';
import { Stores } from '../../store/stores.ts';

/** A log that forgets soon, so that a member that was away needs the whole state. */
const stores = new Stores();
const names = ['a', 'b', 'c'];
const flags = ['--snapshot-count', '200', '--snapshot-catchup-entries', '50'];

beforeAll(async () => {
  await stores.reserve(...names);
  for (const name of names) stores.start(name, names, ...flags);
});
afterAll(() => stores.destroy());

test('snapshot to a member that is far behind, under load', async () => {
  const load = new Load(
    names.map((name) => stores.endpoint(name)),
    { clients: 9 },
  );
  await load.started();
  await stores.kill('c');
  load.remark('c killed');
  const before = load.operations;
  await eventually('a log that has forgotten', () => {
    const compacted = ['a', 'b'].every((name) =>
      stores.log(name).includes('compacted the raft log'),
    );
    return compacted && load.operations > before + 1500 ? true : undefined;
  });
  stores.start('c', names, ...flags);
  await eventually('the snapshot', () =>
    stores.log('c').includes('installed a snapshot') ? true : undefined,
  );
  load.remark('c has a snapshot');
  const ms = await load.recovery();
  const history = await load.stop();
  expect(checkLinearizable(history)).toMatchObject({ outcome: 'linearizable' });
  expect(checkWatches(history)).toMatchObject({ outcome: 'kept' });
  process.stdout.write(
    `far behind: ${history.operations.length} operations, ${Math.round(ms)} ms: linearizable\n`,
  );
});
