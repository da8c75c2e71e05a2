import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { badRequest, type Status } from '#shared/api';
import type { CommandInput, CommandOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import { type CommandPeer, parseSize } from './command-peer.ts';
import { SpdyConnection, type SpdyStream } from './spdy/connection.ts';

/** As Kubernetes: within this time a client has opened all that its request named. */
const openMs = 30_000;

/** Later versions differ on WebSockets only; earlier ones cannot say how a command ended. */
export const spdyCommandProtocols = ['v4.channel.k8s.io'];

/** Resolves when the client has opened its streams. */
export async function spdyCommand(
  transport: Duplex,
  options: CommandOptions,
  clock: Clock,
): Promise<CommandPeer> {
  const names = ['error'];
  if (options.stdin) names.push('stdin');
  if (options.stdout) names.push('stdout');
  if (options.stderr) names.push('stderr');
  if (options.tty) names.push('resize');
  const streams = new Map<string, SpdyStream>();
  const all = Promise.withResolvers<void>();
  const connection = new SpdyConnection(transport, (stream) => {
    const name = stream.headers.get('streamtype') ?? '';
    stream.on('error', () => undefined);
    if (!names.includes(name) || streams.has(name)) {
      stream.destroy();
      return;
    }
    streams.set(name, stream);
    if (streams.size === names.length) all.resolve();
  });
  const refuse = (why: string) => (): void => all.reject(badRequest(why));
  const late = clock.after(openMs, refuse('timed out waiting for client to create streams'));
  void connection.closed.then(refuse('the client left'));
  try {
    await all.promise;
  } catch (thrown) {
    connection.destroy();
    throw thrown;
  } finally {
    late.cancel();
  }
  return new SpdyCommand(connection, streams, clock);
}

class SpdyCommand implements CommandPeer {
  readonly closed: Promise<void>;
  readonly #connection: SpdyConnection;
  readonly #streams: ReadonlyMap<string, SpdyStream>;
  readonly #clock: Clock;

  constructor(connection: SpdyConnection, streams: ReadonlyMap<string, SpdyStream>, clock: Clock) {
    this.#connection = connection;
    this.#streams = streams;
    this.#clock = clock;
    this.closed = connection.closed;
    // What the client says on these is nothing, but its end of them must be seen.
    for (const name of ['error', 'stdout', 'stderr']) streams.get(name)?.resume();
  }

  async pump(send: (input: CommandInput) => Promise<void>): Promise<void> {
    await Promise.all([
      this.#each('stdin', (data) => send({ type: 'stdin', data })).then(() =>
        send({ type: 'stdin-end' }),
      ),
      this.#each('resize', async (data) => {
        const size = parseSize(data.toString());
        if (size) await send(size);
      }),
    ]);
  }

  async #each(name: string, take: (data: Buffer) => Promise<void>): Promise<void> {
    const stream = this.#streams.get(name);
    if (!stream) return;
    try {
      for await (const data of stream.iterator({ destroyOnReturn: false })) {
        await take(data as Buffer);
      }
    } catch {
      // The client has reset it: the same as its end.
    }
  }

  async write(name: 'stdout' | 'stderr', data: Uint8Array): Promise<void> {
    const stream = this.#streams.get(name);
    if (!stream?.writable || stream.write(data)) return;
    await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
  }

  async finish(status: Status): Promise<void> {
    // Outputs first: a client that has the status may leave.
    for (const name of ['stdout', 'stderr']) await ended(this.#streams.get(name));
    const error = this.#streams.get('error');
    if (error?.writable) error.write(JSON.stringify(status));
    await ended(error);
    // The client closes once it has read everything; one that does not is not waited for.
    const late = this.#clock.after(openMs, () => this.#connection.destroy());
    this.#connection.close();
    void this.closed.then(() => late.cancel());
  }
}

async function ended(stream: SpdyStream | undefined): Promise<void> {
  if (!stream?.writable) return;
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.end(() => resolve());
  });
}
