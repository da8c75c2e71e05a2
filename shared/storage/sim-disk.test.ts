import { expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { SimDisk } from './sim-disk.ts';

test.each([0, 1, 2, 3, 4, 5, 6])(
  'what a crash finds under way never happens afterwards (%i turns on)',
  async (turns) => {
    const disk = new SimDisk({ rng: createRng(1) });
    const before = disk.attach();
    await before.open('/f/a.new', { create: true, durable: true });
    await before.syncFolder('/f');
    void before.rename('/f/a.new', '/f/a');
    for (let i = 0; i < turns; i++) await Promise.resolve();
    disk.crash();
    const found = disk.list('/f');
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(disk.list('/f')).toEqual(found);
  },
);
