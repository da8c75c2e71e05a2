import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '#shared/lab';
import { ApiConnection, loadApi } from './api-client.ts';
import { countOf } from './arguments.ts';
import { fillCluster, namespaceOf, nodeName, podName } from './api-objects.ts';
import type { Load } from './load.ts';
import { Members, quorate } from './members.ts';
import { cpuSeconds, residentMib } from './usage.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    /** Writes a profile of the API server there. */
    'cpu-prof-dir': { type: 'string' },
  },
});

const program = join(import.meta.dirname, '../../dist/bin/quorate.js');
const nodes = countOf('nodes', values.nodes);
const pods = countOf('pods', values.pods);
const seconds = countOf('seconds', values.seconds);
const [securePort, grpcPort] = [await freePort(), await freePort()];
const only = new RegExp(values.only);
const dir = mkdtempSync(join(tmpdir(), 'quorate-bench-api-'));

/** Kubernetes' objectives for the 99th percentile, in ms: one object, and lists of a collection. */
const slo = { one: 1_000, list: 30_000 } as const;

function row(what: string, figures: string, objective = ''): void {
  process.stdout.write(`| ${what} | ${figures} | ${objective} |\n`);
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

function report(what: string, load: Load, cpuMs: number, objective: number): void {
  const each = cpuMs / load.requests;
  const figures = [
    `${load.perSecond >= 100 ? Math.round(load.perSecond) : load.perSecond.toFixed(1)}/s`,
    `p50 ${ms(load.p50Ms)}`,
    `p99 ${ms(load.p99Ms)}`,
    `${each < 10 ? each.toFixed(2) : Math.round(each)} ms of processor`,
  ];
  row(
    what,
    figures.join(' | '),
    `${load.p99Ms < objective ? '<' : '**not** <'} ${objective / 1000} s`,
  );
}

const profile = values['cpu-prof-dir'];

/** Resolves when it is ready. */
function startServer(endpoints: readonly string[]): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      program,
      'apiserver',
      `--store-endpoints=${endpoints.map((endpoint) => `http://${endpoint}`).join(',')}`,
      `--data-dir=${dir}`,
      `--secure-port=${securePort}`,
      `--grpc-port=${grpcPort}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('exit', (code) => reject(new Error(`the API server exited with ${code}: ${log}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-10_000);
      if (log.includes('"msg":"ready"')) resolve(child);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await new Promise((resolve) => child.once('exit', resolve));
}

async function measured(
  what: string,
  pid: number,
  inFlight: number,
  objective: number,
  call: (i: number) => Promise<unknown>,
): Promise<void> {
  if (!only.test(what)) return;
  const before = cpuSeconds([pid]);
  const load = await loadApi(inFlight, seconds, call);
  report(what, load, (cpuSeconds([pid]) - before) * 1000, objective);
}

const somePod = (i: number): string => {
  const n = (i * 7919) % pods;
  return `/api/v1/namespaces/${namespaceOf(n)}/pods/${podName(n)}`;
};

async function reads(api: ApiConnection, pid: number): Promise<void> {
  const get = (path: string) => () => api.ask('GET', path);
  const list = '/api/v1/pods';
  for (const n of [1, 100]) {
    await measured(`get a pod × ${n}`, pid, n, slo.one, (i) => api.ask('GET', somePod(i)));
  }
  await measured(`list ${pods} pods`, pid, 1, slo.list, get(list));
  await measured('list, limit 500', pid, 1, slo.list, get(`${list}?limit=500`));
  await measured(`list one node's pods`, pid, 1, slo.list, (i) =>
    api.ask('GET', `${list}?fieldSelector=spec.nodeName%3D${nodeName(i % nodes)}`),
  );
  await measured(`list a namespace's ${pods / 50} pods`, pid, 1, slo.list, (i) =>
    api.ask('GET', `/api/v1/namespaces/${namespaceOf(i)}/pods`),
  );
  await measured('get a pod while all pods are listed', pid, 1, slo.one, whileListing(api, list));
}

/** One list after the other, and gets beside them. */
function whileListing(api: ApiConnection, path: string): (i: number) => Promise<unknown> {
  let listing = Promise.resolve<unknown>(undefined);
  let free = true;
  return (i) => {
    if (free) {
      free = false;
      listing = api.ask('GET', path).finally(() => {
        free = true;
      });
      listing.catch(() => undefined);
    }
    return api.ask('GET', somePod(i));
  };
}

const map = (name: string): object => ({ metadata: { name }, data: { text: 'x'.repeat(200) } });
const maps = '/api/v1/namespaces/default/configmaps';

async function writes(api: ApiConnection, pid: number): Promise<void> {
  for (const n of [1, 100]) {
    const create = (i: number) => api.ask('POST', maps, map(`create-${n}-${i}`));
    await measured(`create a ConfigMap × ${n}`, pid, n, slo.one, create);
    const patch = (i: number) =>
      api.ask(
        'PATCH',
        somePod(i),
        { metadata: { labels: { patched: String(i) } } },
        'application/merge-patch+json',
      );
    await measured(`patch a pod × ${n}`, pid, n, slo.one, patch);
  }
}

/** Of one connection; the server lets in 250 requests at a time. */
const watchesEach = 200;

async function watches(api: ApiConnection, pid: number): Promise<void> {
  for (const count of [1, 100, 1000]) {
    const what = `watch × ${count}: a change reaches all`;
    if (!only.test(what)) continue;
    const name = `watched-${count}`;
    await api.ask('POST', maps, map(name));
    const connections = await Promise.all(
      Array.from({ length: Math.ceil(count / watchesEach) }, () => ApiConnection.open(kubeconfig)),
    );
    let heard = 0;
    let all: () => void = () => undefined;
    const path = `${maps}?watch=1&resourceVersion=0&fieldSelector=metadata.name%3D${name}`;
    const line = (): void => {
      heard += 1;
      if (heard === count) all();
    };
    const arrival = (): Promise<void> => {
      heard = 0;
      return new Promise((resolve) => {
        all = resolve;
      });
    };
    // What is there comes first.
    const begun = arrival();
    await Promise.all(
      connections.flatMap((connection) =>
        Array.from({ length: Math.min(count, watchesEach) }, () => connection.watch(path, line)),
      ),
    );
    await begun;
    await measured(what, pid, 1, slo.one, async (i) => {
      const arrived = arrival();
      await api.ask(
        'PATCH',
        `${maps}/${name}`,
        { data: { i: `${i}` } },
        'application/merge-patch+json',
      );
      await arrived;
    });
    for (const connection of connections) connection.destroy();
  }
}

const kubeconfig = join(dir, 'kubeconfig');

async function main(): Promise<void> {
  const members = new Members(quorate);
  let server: ChildProcess | undefined;
  try {
    await members.startAll();
    const leader = members.endpoints[await members.leader()] ?? '';
    process.stdout.write(
      `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(1)} before\n\n`,
    );
    const first = await startServer(members.endpoints);
    const emptyMib = residentMib([first.pid ?? 0]);
    await stop(first);
    const bytes = await fillCluster([leader], nodes, pods);
    const began = performance.now();
    server = await startServer(members.endpoints);
    const pid = server.pid ?? 0;
    process.stdout.write(
      `| ${nodes} nodes, ${pods} pods | rate | p50 | p99 | processor | objective |\n`,
    );
    process.stdout.write('|---|--:|--:|--:|--:|---|\n');
    row('API server: start to ready', `${ms(performance.now() - began)} | | |`);
    const full = residentMib([pid]);
    const perObject = ((full - emptyMib) * 1024) / (nodes + pods);
    row(
      `memory: ${Math.round(emptyMib)} MiB empty, ${Math.round(full)} MiB with ${Math.round(bytes / 2 ** 20)} MiB of objects`,
      `${perObject.toFixed(1)} KiB an object | | |`,
    );
    const api = await ApiConnection.open(kubeconfig);
    await reads(api, pid);
    await writes(api, pid);
    await watches(api, pid);
    row('memory afterwards', `${Math.round(residentMib([pid]))} MiB | | |`);
    api.close();
  } finally {
    if (server) await stop(server);
    await members.destroy();
    rmSync(dir, { recursive: true, force: true });
  }
}

await main();
