import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { ContainerNetwork } from './container-network.ts';

let dir = '';
let ran: Record<string, string[]> = {};
let network: ContainerNetwork;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quorate-network-'));
  ran = {};
  const names = ['a', 'b', 'c', 'd'];
  network = new ContainerNetwork({
    hosts: new Map(names.map((name, i) => [name, `10.0.0.${i + 1}`])),
    fileFor: (name) => join(dir, name),
    run: (name, program) => {
      const lines = readFileSync(program.at(-1) ?? '', 'utf8');
      const done = lines.matchAll(/^neigh (replace|del) (\S+)/gm);
      ran[name] = [...done].map(([, verb, host]) => `${verb} ${host}`);
      return Promise.resolve();
    },
  });
});

it('loses packets between groups in both ways, and none within them', async () => {
  await network.partition([['a', 'c']]);
  expect(ran).toEqual({
    a: ['replace 10.0.0.2', 'replace 10.0.0.4'],
    b: ['replace 10.0.0.1', 'replace 10.0.0.3'],
    c: ['replace 10.0.0.2', 'replace 10.0.0.4'],
    d: ['replace 10.0.0.1', 'replace 10.0.0.3'],
  });
});

it('is whole again once mended, also for who starts then', async () => {
  await network.partition([['a']]);
  ran = {};
  await network.restore('b');
  expect(ran).toEqual({ b: ['replace 10.0.0.1'] });
  await network.mend();
  expect(ran['b']).toEqual(['replace 10.0.0.1', 'del 10.0.0.1']);
  ran = {};
  await network.restore('b');
  expect(ran).toEqual({});
});

it('refuses a partition without two sides', async () => {
  await expect(network.partition([])).rejects.toThrow('two sides');
});
