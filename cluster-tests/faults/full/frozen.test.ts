import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGrpcKvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { eventually, leadership, Load } from '#shared/lab';
import { Stores } from '../../store/stores.ts';
import { type Breakable, scenario } from '../scenario.ts';

/** Members that stand still for longer than elections and leases take, and go on: nobody has closed anything. */
const stores = new Stores();
const names = ['a', 'b', 'c'];
const endpoints = (): string[] => names.map((name) => stores.endpoint(name));
const frozenMs = 5000;

beforeAll(async () => {
  await stores.reserve(...names);
  for (const name of names) stores.start(name, names);
  await stores.ready(...names);
});
afterAll(() => stores.destroy());

const members: Breakable = {
  parts: names.map((name) => ({ name })),
  log: (name) => stores.log(name),
  heal: () => {
    for (const name of names) stores.signal(name, 'SIGCONT');
    return Promise.resolve();
  },
  async load() {
    const load = new Load(endpoints(), { clients: 9 });
    await load.started();
    return load;
  },
};

const leader = (): Promise<string> =>
  eventually('a leader', async () => {
    for (const name of names) {
      const view = await leadership(stores.endpoint(name)).catch(() => undefined);
      if (view?.leads) return name;
    }
    return undefined;
  });

test.each(['the leader', 'a follower'])('%s stands still, and goes on', (who) =>
  scenario(members, `${who} frozen`, async (load) => {
    const leads = await leader();
    const frozen = who === 'the leader' ? leads : names.find((name) => name !== leads);
    if (frozen === undefined) throw new Error('there is nobody else');
    const others = names.filter((name) => name !== frozen).map((name) => stores.endpoint(name));
    const kv = createGrpcKvClient({ endpoints: others, clock: systemClock });
    const { id: kept } = await kv.leaseGrant({ ttlSeconds: 3 });
    const { id: left } = await kv.leaseGrant({ ttlSeconds: 3 });
    for (const lease of [kept, left]) {
      await kv.put({ key: `${who}/${lease}`, value: Buffer.from('x'), lease });
    }
    const before = systemClock.monotonic();
    stores.signal(frozen, 'SIGSTOP');
    load.remark(`${frozen} stands still`);
    const ms = await load.recovery();
    while (systemClock.monotonic() < before + frozenMs) {
      expect(await kv.leaseKeepAlive(kept)).toBe(3);
      await systemClock.sleep(500);
    }
    stores.signal(frozen, 'SIGCONT');
    load.remark(`${frozen} goes on`);
    const held = async (lease: bigint): Promise<number> =>
      (await kv.range({ key: `${who}/${lease}` })).count;
    await eventually('the end of the lease', async () => {
      expect(await kv.leaseKeepAlive(kept)).toBe(3);
      return (await held(left)) === 0 || undefined;
    });
    expect(await held(kept)).toBe(1);
    await eventually('an answer of who stood still', () =>
      stores
        .kv(frozen)
        .put('back', frozen)
        .then(() => true),
    );
    await kv.close();
    return ms;
  }),
);
