import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';
import { QuorateError } from '#shared/base';
import { badRequest } from '#shared/api';
import type { ForwardCall } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Call } from '../../requests/call.ts';
import type { Exchange } from '../exchange.ts';
import { SpdyConnection, type SpdyStream } from './spdy/connection.ts';
import {
  acceptSpdy,
  acceptWebSocket,
  askedUpgrade,
  chooseStreamProtocol,
  chooseSubprotocol,
} from './upgrade.ts';

const spdyProtocol = 'portforward.k8s.io';
/** SPDY as it is, inside the messages of a WebSocket. */
const tunnelProtocol = `SPDY/3.1+${spdyProtocol}`;
const channelProtocol = 'v4.channel.k8s.io';

/** pods/portforward: any number of connections over SPDY, one for each port over channels. */
export async function servePortForward(
  call: Call,
  exchange: Exchange,
  clock: Clock,
  stopping: AbortSignal,
): Promise<void> {
  const { protocol, upgrade } = askedUpgrade(exchange);
  if (protocol === 'spdy') {
    const version = chooseStreamProtocol(exchange, [spdyProtocol]);
    return forwardSpdy(call, acceptSpdy(upgrade, version), stopping);
  }
  const version = chooseSubprotocol(exchange, [tunnelProtocol, channelProtocol], channelProtocol);
  const ports = version === channelProtocol ? portsOf(exchange.query) : [];
  const socket = await acceptWebSocket(exchange, upgrade, version, clock);
  if (version === tunnelProtocol) return forwardSpdy(call, createWebSocketStream(socket), stopping);
  await forwardChannels(call, socket, ports, stopping);
}

/** The streams of one connection find each other by their request id: `error` comes first, then `data`. */
async function forwardSpdy(call: Call, transport: Duplex, stopping: AbortSignal): Promise<void> {
  const errors = new Map<string, SpdyStream>();
  const ended = new AbortController();
  const connection = new SpdyConnection(transport, (stream) => {
    stream.on('error', () => undefined);
    const type = stream.headers.get('streamtype');
    const id = stream.headers.get('requestid') ?? '';
    if (type === 'error') {
      stream.resume();
      errors.set(id, stream);
    } else if (type === 'data' && errors.has(id)) {
      const error = errors.get(id);
      errors.delete(id);
      if (error) void forwardStream(call, stream, error, ended.signal);
    } else stream.destroy();
  });
  const stop = (): void => connection.destroy();
  stopping.addEventListener('abort', stop, { once: true });
  await connection.closed;
  stopping.removeEventListener('abort', stop);
  ended.abort();
}

async function forwardStream(
  call: Call,
  data: SpdyStream,
  error: SpdyStream,
  signal: AbortSignal,
): Promise<void> {
  const port = Number(data.headers.get('port'));
  try {
    const connection = await call.forward(port, signal);
    await join(data, connection);
    error.end();
  } catch (thrown) {
    error.end(failure(call, port, thrown));
    data.destroy();
  }
}

/** Both directions until both have ended; one that breaks ends the other. */
async function join(client: Duplex, connection: ForwardCall): Promise<void> {
  client.once('close', () => {
    if (!client.readableEnded) connection.cancel();
  });
  const up = async (): Promise<void> => {
    for await (const data of client.iterator({ destroyOnReturn: false })) {
      await connection.send(data as Buffer);
    }
    connection.end();
  };
  up().catch(() => connection.cancel());
  for await (const data of connection.received) {
    if (client.writable && !client.write(data)) await room(client);
  }
  client.end();
}

const room = (stream: Duplex): Promise<void> =>
  new Promise((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });

function failure({ place }: Call, port: number, thrown: unknown): string {
  const { message } = QuorateError.from(thrown);
  return `error forwarding port ${port} to pod ${place.name}: ${message}`;
}

const portsMax = 100;

function portsOf(query: URLSearchParams): number[] {
  const ports = query.getAll('ports').flatMap((text) => text.split(',').map(Number));
  if (ports.length === 0) throw badRequest('query parameter "ports" is required');
  if (ports.length > portsMax)
    throw badRequest(`at most ${portsMax} ports can be forwarded at once`);
  for (const port of ports) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw badRequest(`query parameter "ports" is not valid: ${port} is no port`);
    }
  }
  return ports;
}

/** Two channels for each port, data and error; both begin with the port's number. */
async function forwardChannels(
  call: Call,
  socket: WebSocket,
  ports: readonly number[],
  stopping: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const stop = (): void => socket.terminate();
  stopping.addEventListener('abort', stop, { once: true });
  const send = (channel: number, data: Uint8Array): Promise<void> =>
    new Promise((resolve) =>
      socket.send(Buffer.concat([Buffer.from([channel]), data]), () => resolve()),
    );
  const connections = ports.map(async (port, i) => {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    await send(2 * i, number);
    await send(2 * i + 1, number);
    return call.forward(port, gone.signal);
  });
  const down = connections.map(async (opening, i) => {
    try {
      for await (const data of (await opening).received) await send(2 * i, data);
    } catch (thrown) {
      await send(2 * i + 1, Buffer.from(failure(call, ports[i] ?? 0, thrown)));
    }
  });
  const up = async (): Promise<void> => {
    const messages = createWebSocketStream(socket, { readableObjectMode: true });
    messages.on('error', () => undefined);
    for await (const message of messages.iterator({ destroyOnReturn: false })) {
      const bytes = Buffer.from(message as Buffer);
      const channel = bytes[0] ?? 1;
      const connection = await connections[channel / 2]?.catch(() => undefined);
      await connection?.send(bytes.subarray(1));
    }
  };
  up().catch(() => gone.abort());
  await Promise.all(down);
  stopping.removeEventListener('abort', stop);
  socket.close(1000);
}
