import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, inject, test } from 'vitest';
import { createRng, QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import type { Message } from '#shared/raft';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import type { PeerHandlers } from '../consensus/transport.ts';
import { hexId } from '../member/shown-id.ts';
import { encodeHello } from '../wire/peer.ts';
import { askCluster } from './ask-cluster.ts';
import { patientPingMs } from './converse.ts';
import { protocol } from './accept.ts';
import { frame, type FrameKind, frameKinds } from './frames.ts';
import { clearText } from './security.ts';
import { TcpPeerTransport } from './tcp-peer-transport.ts';

const clock = new ManualClock();
const running: TcpPeerTransport[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const transport of running.splice(0)) await transport.stop();
});

/** One side: what it was told, and ways to wait for that. */
class Member {
  readonly id: number;
  readonly transport: TcpPeerTransport;
  readonly received: Message[] = [];
  readonly complaints: string[] = [];
  refusal: Error | undefined;
  snapshot: Buffer | undefined;
  admit: PeerHandlers['admit'] = () => undefined;
  changeMembers: PeerHandlers['changeMembers'] = () =>
    Promise.reject(new QuorateError('conflict', 'not now'));
  address = '';
  readonly #advertise: string[] = [];
  #server: Server | undefined;
  readonly #events: string[] = [];
  #wake: (() => void)[] = [];

  constructor(id: number, clusterId = 1) {
    this.id = id;
    this.transport = new TcpPeerTransport({
      id,
      clusterId,
      incarnation: 10 + id,
      listen: ['127.0.0.1:0'],
      advertise: this.#advertise,
      security: {
        ...clearText,
        createServer: (accept) => {
          this.#server = clearText.createServer(accept, false);
          return this.#server;
        },
      },
      clock,
      log: { ...silentLog, warn: (fields) => this.#complained(fields) },
    });
    running.push(this.transport);
  }

  async start(): Promise<this> {
    await this.transport.start({
      receive: (messages) => {
        this.received.push(...messages);
        this.#happened('received');
      },
      receiveSnapshot: async (message, chunks) => {
        const parts: Uint8Array[] = [];
        for await (const chunk of chunks) parts.push(chunk);
        this.received.push(message);
        this.snapshot = Buffer.concat(parts);
      },
      connected: (id) => this.#happened(`connected ${id}`),
      disconnected: (id) => this.#happened(`disconnected ${id}`),
      unreachable: (id) => this.#happened(`unreachable ${id}`),
      leaderLease: ({ id }) => Promise.resolve(id === 7n ? 5 : -1),
      changeMembers: (change) => this.changeMembers(change),
      digest: (revision) => Promise.resolve({ hash: 2 ** 32 - 1, revision, compactRevision: 3 }),
      cluster: () => ({ id: 77, members: [], removed: [3] }),
      admit: (id, incarnation) => this.admit(id, incarnation),
      refused: (error) => {
        this.refusal = error;
        this.#happened('refused');
      },
    });
    const address = this.#server?.address() as AddressInfo | undefined;
    this.address = `127.0.0.1:${address?.port ?? 0}`;
    this.#advertise.push(this.address);
    return this;
  }

  async until(event: string): Promise<void> {
    while (!this.#events.includes(event)) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    this.#events.splice(this.#events.indexOf(event), 1);
  }

  #complained(fields: unknown): void {
    this.complaints.push((fields as { reason?: string }).reason ?? '');
    this.#happened('complaint');
  }

  #happened(event: string): void {
    this.#events.push(event);
    for (const wake of this.#wake.splice(0)) wake();
  }
}

async function pair(): Promise<[Member, Member]> {
  const one = await new Member(1).start();
  const two = await new Member(2).start();
  one.transport.setPeers(new Map([[2, [two.address]]]));
  two.transport.setPeers(new Map([[1, [one.address]]]));
  await Promise.all([one.until('connected 2'), two.until('connected 1')]);
  return [one, two];
}

/** Ended or reset: whoever is refused may have said more than was read. */
const over = (socket: Socket): Promise<unknown> =>
  once(socket.resume(), 'close').catch(() => undefined);

const heartbeat = (commit: number): Message => ({
  type: 'heartbeat',
  from: 1,
  to: 2,
  term: 3,
  commit,
  readContext: 0,
});
const large = (index: number): Message => ({
  type: 'append',
  from: 1,
  to: 2,
  term: 3,
  prevLogIndex: index - 1,
  prevLogTerm: 3,
  entries: [{ index, term: 3, type: 'normal', data: new Uint8Array(400_000).fill(index) }],
  commit: 0,
});

test('messages arrive in order, small and large', async () => {
  const [one, two] = await pair();
  const sent = [heartbeat(1), large(2), large(3), large(4), heartbeat(5)];
  one.transport.send(sent);
  one.transport.send([heartbeat(6)]);
  while (two.received.length < 6) await two.until('received');
  expect(two.received).toEqual([...sent, heartbeat(6)]);
  expect(one.transport.connectedSince(2)).toBe(clock.monotonic());
});

test('calls are answered, with a value or with the error of the other side', async () => {
  const [one] = await pair();
  expect(await one.transport.leaderLease(2, { id: 7n, renew: true }, 1000)).toBe(5);
  expect(await one.transport.leaderLease(2, { id: 8n, renew: false }, 1000)).toBe(-1);
  const change = { type: 'remove-member', id: 3 } as const;
  await expect(one.transport.changeMembers(2, change, 1000)).rejects.toMatchObject({
    code: 'conflict',
    message: 'not now',
  });
  await expect(one.transport.changeMembers(9, change, 1000)).rejects.toThrow(/not known here/);
});

const confState = {
  voters: [1, 2],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};
const metadata = { index: 9, term: 3, confState };
const snapshotMessage: Message = {
  type: 'snapshot',
  from: 1,
  to: 2,
  term: 3,
  snapshot: { metadata, data: new Uint8Array() },
};

test('a snapshot arrives as it was sent', async () => {
  const [one, two] = await pair();
  const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(256 << 10, i));
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  await one.transport.sendSnapshot(snapshotMessage, stream());
  expect(two.received).toEqual([snapshotMessage]);
  expect(two.snapshot?.equals(Buffer.concat(chunks))).toBe(true);
});

test('a snapshot that nobody takes any more is given up, and no more of it is read', async () => {
  const one = await new Member(1).start();
  // It says welcome to whoever comes, and freezes.
  const frozen = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      socket.write(frame('welcome', Buffer.alloc(0)));
    });
  });
  await once(frozen.listen(0, '127.0.0.1'), 'listening');
  one.transport.setPeers(new Map([[2, [`127.0.0.1:${(frozen.address() as AddressInfo).port}`]]]));
  await one.until('connected 2');
  let read = 0;
  let flows = (): void => undefined;
  const flowing = new Promise<void>((resolve) => (flows = resolve));
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      read++;
      flows();
      yield Buffer.alloc(256 << 10);
    }
  }
  const outcomes: string[] = [];
  const sending = one.transport.sendSnapshot(snapshotMessage, endless());
  sending.catch((thrown: unknown) => outcomes.push(QuorateError.from(thrown).message));
  await flowing;
  while (outcomes.length === 0) {
    await clock.advance(patientPingMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(outcomes[0]).toMatch(/nothing heard/);
  // No more than what sockets hold.
  expect(read).toBeLessThan(256);
  frozen.close();
});

test('a member that stops is missed, on both connections', async () => {
  const [one, two] = await pair();
  await two.transport.stop();
  await one.until('disconnected 2');
  await one.until('disconnected 2');
  expect(one.transport.connectedSince(2)).toBeUndefined();
  one.transport.send([heartbeat(1)]);
  await one.until('unreachable 2');
  await expect(one.transport.leaderLease(2, { id: 7n, renew: true }, 10)).rejects.toThrow(
    `no connection to member ${hexId(2)}`,
  );
});

test('a proposal waits for the connection, nothing else does', async () => {
  const one = await new Member(1).start();
  const two = await new Member(2).start();
  one.transport.setPeers(new Map([[2, [two.address]]]));
  const propose: Message = {
    type: 'propose',
    from: 1,
    to: 2,
    term: 3,
    entries: [{ type: 'normal', data: Uint8Array.of(1) }],
  };
  one.transport.send([propose, heartbeat(1)]);
  await two.until('received');
  expect(two.received).toMatchObject([{ type: 'propose' }]);
});

test('a member of another cluster, or that is not who it was called as, is refused', async () => {
  const one = await new Member(1, 1).start();
  const two = await new Member(2, 4).start();
  one.transport.setPeers(new Map([[2, [two.address]]]));
  await Promise.all([one.until('complaint'), two.until('complaint')]);
  expect(one.complaints[0]).toContain(
    `this is a member of cluster ${hexId(4)}, the caller is of cluster ${hexId(1)}`,
  );
  expect(two.complaints).toEqual(one.complaints);
  const three = await new Member(3, 4).start();
  three.transport.setPeers(new Map([[5, [two.address]]]));
  await three.until('complaint');
  expect(three.complaints[0]).toBe(`this is member ${hexId(2)}, not ${hexId(5)}`);
});

test('whoever comes is answered where it listens, before the table knows it', async () => {
  const one = await new Member(1).start();
  const two = await new Member(2).start();
  one.transport.setPeers(new Map([[2, [two.address]]]));
  await two.until('connected 1');
  two.transport.send([{ ...heartbeat(4), from: 2, to: 1 }]);
  await one.until('received');
  expect(one.received).toMatchObject([{ from: 2, commit: 4 }]);
  // What it may not know is no reason to lose it again.
  two.transport.setPeers(new Map());
  expect(two.transport.connectedSince(1)).toBeDefined();
  two.admit = () => {
    throw new QuorateError('failed-precondition', 'gone', { details: { kind: 'MemberRefused' } });
  };
  two.transport.setPeers(new Map());
  expect(two.transport.connectedSince(1)).toBeUndefined();
});

test('one that answers a stranger is refused as any caller', async () => {
  const one = await new Member(1).start();
  const two = await new Member(2).start();
  one.admit = () => {
    throw new QuorateError('failed-precondition', 'lost', { details: { kind: 'MemberRefused' } });
  };
  one.transport.setPeers(new Map([[2, [two.address]]]));
  await two.until('refused');
  expect(two.refusal?.message).toBe('lost');
});

test('whoever says that it listens nowhere that is an address is refused', async () => {
  const one = await new Member(1).start();
  const [host, port] = one.address.split(':');
  const socket = connect({ host: host ?? '', port: Number(port) });
  sockets.push(socket);
  const hello = { protocol, purpose: 'messages', cluster: 1, from: 2, to: 1 } as const;
  const addresses = ['127.0.0.1:1', 'no address:x'];
  socket.write(frame('hello', encodeHello({ ...hello, incarnation: 12, addresses })));
  await over(socket);
  expect(one.complaints[0]).toMatch(/where the caller listens is no address/);
});

test('one that is not admitted any more is told so', async () => {
  const [one, two] = await pair();
  two.admit = () => {
    throw new QuorateError('failed-precondition', 'gone', { details: { kind: 'MemberRefused' } });
  };
  two.transport.setPeers(new Map([[1, [one.address]]]));
  await one.until('refused');
  expect(one.refusal?.message).toBe('gone');
});

test('one that asks to be removed hears that it was, before it is refused', async () => {
  const [one, two] = await pair();
  two.changeMembers = () => {
    two.admit = () => {
      throw new QuorateError('failed-precondition', 'gone', { details: { kind: 'MemberRefused' } });
    };
    two.transport.setPeers(new Map());
    return Promise.resolve();
  };
  await one.transport.changeMembers(2, { type: 'remove-member', id: 1 }, 1000);
  await one.until('refused');
});

test('anybody may ask for the cluster', async () => {
  const one = await new Member(1).start();
  expect(await askCluster(one.address, clearText, clock)).toMatchObject({ id: 77, removed: [3] });
  expect(await askCluster('127.0.0.1:1', clearText, clock)).toBeUndefined();
});

test.each([
  [
    'HTTP',
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    /announces a frame of 1195725856 bytes/,
  ],
  ['a large frame', Buffer.from([0, 16, 0, 0, 1]), /announces a frame of 1048576 bytes/],
  ['an unknown frame', Buffer.from([0, 0, 0, 1, 99]), /of a kind that is not known/],
  ['no hello', frame('messages', new Uint8Array()), /does not begin with a hello/],
  ['a broken hello', frame('hello', Uint8Array.of(10, 99)), /malformed/],
])('%s on the port of members is refused with a word', async (_what, bytes, complaint) => {
  const one = await new Member(1).start();
  const [host, port] = one.address.split(':');
  const socket = connect({ host: host ?? '', port: Number(port) });
  sockets.push(socket);
  socket.write(bytes);
  await over(socket);
  expect(one.complaints[0]).toMatch(complaint);
});

const seed = inject('seed');

test(`whatever a caller says after its hello, this member stays (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  const one = await new Member(1).start();
  const [host, port] = one.address.split(':');
  const hello = encodeHello({
    protocol,
    purpose: 'messages',
    cluster: 1,
    from: 2,
    to: 1,
    incarnation: 12,
    addresses: [],
  });
  const kinds = Object.keys(frameKinds) as FrameKind[];
  for (let round = 0; round < 100; round++) {
    const socket = connect({ host: host ?? '', port: Number(port) });
    sockets.push(socket);
    socket.write(frame('hello', hello));
    for (let i = rng.int(6); i >= 0; i--) {
      const payload = Buffer.from(Array.from({ length: rng.int(30) }, () => rng.int(256)));
      const kind = kinds[rng.int(kinds.length)] ?? 'ping';
      socket.write(frame(kind, payload));
    }
    socket.end();
    await over(socket);
  }
  expect(await askCluster(one.address, clearText, clock)).toMatchObject({ id: 77 });
});
