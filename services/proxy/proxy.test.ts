import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ManualClock, systemClock } from '#shared/clock';
import { freePort } from '#shared/lab';
import { ActiveLock } from './active.ts';
import { ServicePort } from './service-port.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const config = { drainMs: 30_000, connectTimeoutMs: 2_000, bindRetryMs: 1_000 };
const cleanup: (() => void)[] = [];

afterEach(() => {
  for (const undo of cleanup.splice(0).reverse()) undo();
});

/** A pod that says its name and then sends back what it gets. */
async function pod(name: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(`${name}\n`);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function open(targets: string[], clock = new ManualClock()) {
  const port = await freePort();
  const entry = { host: '127.0.0.1', port, title: 'default/web', targets, affinityMs: undefined };
  const listening = Promise.withResolvers<void>();
  const log = {
    ...quiet,
    debug: (_f: object, m: string) => m === 'listening' && listening.resolve(),
  };
  const service = new ServicePort(entry, { clock, log, config });
  service.open();
  cleanup.push(() => service.close('cut'));
  await listening.promise;
  return { service, port, entry, clock };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  cleanup.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function readLine(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString().trim();
}

async function ask(port: number): Promise<string> {
  const socket = await dial(port);
  const answer = await readLine(socket);
  socket.end();
  return answer;
}

test('connections go to the pods in turn', async () => {
  const pods = [await pod('a'), await pod('b'), await pod('c')].sort();
  const { port } = await open(pods);
  const answers = [];
  for (let i = 0; i < 6; i++) answers.push(await ask(port));
  expect(answers.slice(0, 3).toSorted()).toEqual(['a', 'b', 'c']);
  expect(answers.slice(3)).toEqual(answers.slice(0, 3));
});

test('a pod that takes no connection is passed over', async () => {
  const dead = `127.0.0.1:${await freePort()}`;
  const { port } = await open([dead, await pod('alive')].sort());
  expect([await ask(port), await ask(port), await ask(port)]).toEqual(['alive', 'alive', 'alive']);
});

test('without endpoints the connection is reset', async () => {
  const { port } = await open([]);
  const socket = connect({ port, host: '127.0.0.1' });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

test('a half-closed connection still carries the answer', async () => {
  const { port } = await open([await pod('a')]);
  const socket = await dial(port);
  let received = '';
  socket.on('data', (data: Buffer) => {
    received += data.toString();
  });
  const big = 'x'.repeat(1_000_000);
  socket.end(big);
  await once(socket, 'end');
  expect(received).toBe(`a\n${big}`);
});

test('connections to an endpoint that left go on for the drain time, and no longer', async () => {
  const [old, fresh] = [await pod('old'), await pod('fresh')];
  const { port, service, entry, clock } = await open([old]);
  const socket = await dial(port);
  expect(await readLine(socket)).toBe('old');
  service.update({ ...entry, targets: [fresh] });
  expect(await ask(port)).toBe('fresh');
  await clock.advance(config.drainMs - 1);
  socket.write('still here\n');
  expect(await readLine(socket)).toBe('still here');
  const reset = once(socket, 'error');
  await clock.advance(1);
  const [error] = (await reset) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

test('a closed service keeps its connections for the drain time and takes no new ones', async () => {
  const { port, service } = await open([await pod('a')]);
  const socket = await dial(port);
  await readLine(socket);
  service.close('drain');
  const refused = connect({ port, host: '127.0.0.1' });
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
  socket.write('still here\n');
  expect(await readLine(socket)).toBe('still here');
});

test('an address that is taken is tried again', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as { port: number };
  const clock = new ManualClock();
  const said = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<void>();
  const log = {
    ...quiet,
    warn: () => said.resolve(),
    debug: (_fields: object, message: string) => message === 'listening' && heard.resolve(),
  };
  const targets = [await pod('a')];
  const entry = { host: '127.0.0.1', port, title: 'default/web', targets, affinityMs: undefined };
  const service = new ServicePort(entry, { clock, log, config });
  service.open();
  cleanup.push(() => service.close('cut'));
  await said.promise;
  squatter.close();
  await once(squatter, 'close');
  await clock.advance(config.bindRetryMs);
  await heard.promise;
  expect(await ask(port)).toBe('a');
});

test('one proxy is active, and the next takes over when it goes', async () => {
  const port = await freePort();
  const active: string[] = [];
  let changed = Promise.withResolvers<void>();
  const standing = Promise.withResolvers<void>();
  const lock = (name: string) => {
    const log = {
      ...quiet,
      info: (_f: object, message: string) => message.includes('standing by') && standing.resolve(),
    };
    const onActive = (): void => {
      active.push(name);
      changed.resolve();
    };
    const one = new ActiveLock({ host: '127.0.0.1', port, clock: systemClock, log, onActive });
    cleanup.push(() => one.stop());
    one.start();
    return one;
  };
  const first = lock('first');
  await changed.promise;
  changed = Promise.withResolvers<void>();
  lock('second');
  await standing.promise;
  expect(active).toEqual(['first']);
  first.stop();
  await changed.promise;
  expect(active).toEqual(['first', 'second']);
});
