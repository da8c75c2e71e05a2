import { afterAll, beforeAll, test } from 'vitest';
import { eventually, Load } from '#shared/lab';
import { Stores } from '../../store/stores.ts';
import { type Breakable, scenario } from '../scenario.ts';

/** A log that forgets soon, so that a member that was away needs the whole state. */
const stores = new Stores();
const names = ['a', 'b', 'c'];
const flags = ['--snapshot-count', '200', '--snapshot-catchup-entries', '50'];

beforeAll(async () => {
  await stores.reserve(...names);
  for (const name of names) stores.start(name, names, ...flags);
});
afterAll(() => stores.destroy());

const members: Breakable = {
  parts: names.map((name) => ({ name })),
  log: (name) => stores.log(name),
  heal: () => Promise.resolve(),
  async load() {
    const endpoints = names.map((name) => stores.endpoint(name));
    const load = new Load(endpoints, { clients: 9 });
    await load.started();
    return load;
  },
};

test('snapshot to a member that is far behind, under load', () =>
  scenario(members, 'far behind', async (load) => {
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
    return load.recovery();
  }));
