import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkNetworks } from './networks.ts';
import { addressesOf, firstAddress, layOut, partsNamed } from './layout.ts';
import { parseRecord } from './pods.ts';
import { findPortOwner, isTaken, listeningInodes } from './ports.ts';
import { isAlive, parseStat, startTimeOf } from './processes.ts';
import { clearReady, readReady, reportReady } from './readiness.ts';
import {
  type Cluster,
  dataDir,
  purge,
  readCluster,
  refuseForeignDirectory,
  writeCluster,
} from './state.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quorate-test-'));
});

const clusterIn = (path: string): Cluster => ({
  dir: path,
  state: {
    version: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    podCidr: '127.64.0.0/16',
    serviceCidr: '127.96.0.0/16',
    parts: layOut({ masters: 1, workers: 1, portOffset: 0 }),
  },
});

describe('layout', () => {
  it('gives every part its addresses', () => {
    const parts = layOut({ masters: 3, workers: 2, portOffset: 100 });
    expect(parts.map(({ name }) => name)).toEqual([
      'master-1',
      'master-2',
      'master-3',
      'worker-1',
      'worker-2',
    ]);
    expect(parts[2]).toMatchObject({
      client: '127.0.0.1:23893',
      peer: '127.0.0.1:23903',
      api: '127.0.0.1:26543',
    });
    expect(parts[4]).toMatchObject({ agent: '127.0.0.1:20352' });
  });

  it('never gives one port twice', () => {
    const parts = layOut({ masters: 9, workers: 9, portOffset: 0 });
    const addresses = parts.flatMap(addressesOf).map(({ address }) => address);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it('knows the first address of a network, where the proxies agree who serves', () => {
    expect(firstAddress('127.97.0.0/16')).toBe('127.97.0.1');
  });

  it('refuses networks whose addresses nobody could have', () => {
    const check =
      (pods: string, services: string, workers = 2) =>
      () =>
        checkNetworks(pods, services, workers);
    expect(check('127.64.0.0/11', '127.96.0.0/16')).not.toThrow();
    expect(check('10.0.0.0/8', '127.96.0.0/16')).toThrow('127.0.0.0/8');
    expect(check('127.64.0.0/11', 'foo')).toThrow('invalid value "foo" for --service-cidr');
    expect(check('127.0.0.0/16', '127.96.0.0/16')).toThrow('127.0.0.1');
    expect(check('127.64.0.0/11', '127.65.0.0/16')).toThrow('overlap');
    expect(check('127.64.0.0/23', '127.96.0.0/16', 2)).toThrow('2 workers need 768');
  });

  it('names what there is where something else is asked for', () => {
    const parts = layOut({ masters: 1, workers: 0, portOffset: 0 });
    expect(() => partsNamed(parts, ['master-9'])).toThrow(
      'no master or worker is named "master-9"',
    );
  });
});

describe('the data directory', () => {
  it('is the flag, the variable, or the user’s state directory', () => {
    expect(dataDir('here', { QUORATE_DATA_DIR: '/env' }, '/cwd')).toBe('/cwd/here');
    expect(dataDir(undefined, { QUORATE_DATA_DIR: '/env' }, '/cwd')).toBe('/env');
    expect(dataDir(undefined, { XDG_STATE_HOME: '/xdg', HOME: '/h' }, '/cwd')).toBe('/xdg/quorate');
    expect(dataDir(undefined, { HOME: '/h' }, '/cwd')).toBe('/h/.local/state/quorate');
  });

  it('is private, and reads back as written', () => {
    const cluster = clusterIn(join(dir, 'data'));
    writeCluster(cluster);
    expect(readCluster(cluster.dir)).toEqual(cluster);
    expect(statSync(cluster.dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(cluster.dir, 'cluster.json')).mode & 0o777).toBe(0o600);
  });

  it('is purged of what is the cluster’s, and of nothing else', () => {
    const cluster = clusterIn(dir);
    writeCluster(cluster);
    mkdirSync(join(dir, 'master-1'));
    writeFileSync(join(dir, 'mine.txt'), '');
    purge(cluster);
    expect(readdirSync(dir)).toEqual(['mine.txt']);
    expect(() => refuseForeignDirectory(dir)).toThrow('holds files and no quorate cluster');
  });

  it('with another cluster.json is not ours', () => {
    const refuses = (text: string): void => {
      writeFileSync(join(dir, 'cluster.json'), text);
      expect(() => readCluster(dir)).toThrow('is not the description of a cluster of this version');
    };
    refuses('{"name": "something else"}');
    refuses('{');
    const { state } = clusterIn(dir);
    refuses(JSON.stringify({ ...state, parts: [{ role: 'master', name: 'master-1' }] }));
    refuses(JSON.stringify({ ...state, parts: [null] }));
  });
});

describe('processes', () => {
  it('are told apart by when they started', () => {
    const startTime = startTimeOf(process.pid) ?? '';
    expect(isAlive({ pid: process.pid, startTime })).toBe(true);
    expect(isAlive({ pid: process.pid, startTime: '1' })).toBe(false);
    expect(isAlive({ pid: 0, startTime: '' })).toBe(false);
  });

  it('may have any name; a zombie is not alive', () => {
    const rest = Array.from({ length: 49 }, (_, i) => i + 4).join(' ');
    expect(parseStat(`12 (a) b (c)) S ${rest}`)).toBe('22');
    expect(parseStat(`12 (x) Z ${rest}`)).toBeUndefined();
  });

  it('of containers are read from the agent’s records of this boot', () => {
    expect(parseRecord('10 100 11 101 boot\n', 'boot')).toEqual({
      shim: { pid: 10, startTime: '100' },
      command: { pid: 11, startTime: '101' },
    });
    expect(parseRecord('10 100 11 101 earlier\n', 'boot')).toBeUndefined();
    expect(parseRecord('revoked\n', 'boot')).toBeUndefined();
  });

  it('report their steps; those of an earlier process do not count', () => {
    const cluster = clusterIn(dir);
    mkdirSync(join(dir, 'master-1'));
    reportReady(cluster, 'master-1', { pid: 1, step: 'all' });
    reportReady(cluster, 'master-1', { pid: 2, step: 'store' });
    expect(readReady(cluster, 'master-1', 2)).toEqual(['store']);
    clearReady(cluster, 'master-1');
    expect(readReady(cluster, 'master-1', 1)).toEqual([]);
  });
});

describe('ports', () => {
  it('are found in /proc/net/tcp', () => {
    const table =
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n' +
      '   0: 0100007F:5CEF 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 12345 1\n' +
      '   1: 0100007F:5CEF 0100007F:8888 01 00000000:00000000 00:00000000 00000000  1000 0 99999 1\n';
    expect(listeningInodes(table, 0x5cef)).toEqual(['12345']);
    expect(listeningInodes(table, 1)).toEqual([]);
  });

  it('that are taken name their owner', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    expect(await isTaken(`127.0.0.1:${port}`)).toBe(true);
    expect(findPortOwner(port)?.pid).toBe(process.pid);
    await new Promise((resolve) => server.close(resolve));
    expect(await isTaken(`127.0.0.1:${port}`)).toBe(false);
  });
});
