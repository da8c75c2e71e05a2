import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { systemClock } from '#shared/clock';
import { noLinkFault } from './fault.ts';
import { Gate } from './gate.ts';
import { FaultPlane } from './plane.ts';

const plane = new FaultPlane({
  name: 'm',
  clock: systemClock,
  rng: createRng(1),
  file: undefined,
  crash: () => undefined,
});
const echo = createServer((socket) => socket.pipe(socket));
let gate: Gate;
let address = '';

beforeAll(async () => {
  await new Promise<void>((done) => echo.listen(0, '127.0.0.1', done));
  const bound = echo.address();
  const target = `127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`;
  gate = new Gate({ plane, peer: 'clients', callers: 'in', listen: '127.0.0.1:0', target });
  address = await gate.start();
});
afterAll(() => {
  gate.stop();
  echo.close();
});

function call(): Socket {
  return connect(Number(address.split(':')[1]), '127.0.0.1');
}

test('bytes pass both ways, and the end of one side is told to the other', async () => {
  const socket = call();
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.end('hello');
  await once(socket, 'end');
  expect(text).toBe('hello');
});

test('a cut holds bytes back and loses none', async () => {
  const socket = call();
  await once(socket, 'connect');
  let text = '';
  const data = once(socket, 'data');
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const cut = plane.set({ ...noLinkFault, peer: 'clients', direction: 'out', drop: 1 });
  socket.write('held');
  // A second connection, which is not cut in this direction, shows that the echo had its time.
  await new Promise((soon) => setImmediate(soon));
  expect(text).toBe('');
  plane.heal(cut.id);
  await data;
  expect(text).toBe('held');
  socket.destroy();
});
