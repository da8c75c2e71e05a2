import { createWebSocketStream, type WebSocket } from 'ws';
import type { Status } from '#shared/api';
import type { CommandInput } from '#shared/client';
import { type CommandPeer, parseSize } from './command-peer.ts';

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** v5 adds the end of stdin, v4 the status as JSON; the base64 ones are for clients without bytes. */
export const webSocketCommandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];

/** Kubernetes' channels of a command over one WebSocket: each message begins with its channel. */
export class WebSocketCommand implements CommandPeer {
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #isBase64: boolean;
  readonly #hasStatus: boolean;

  constructor(socket: WebSocket, protocol: string) {
    this.#socket = socket;
    this.#isBase64 = protocol.includes('base64');
    this.#hasStatus = protocol.startsWith('v');
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Tells the client that the streams are there, as Kubernetes does. */
  greet(channel: 'stdout' | 'stderr' | 'error'): Promise<void> {
    return this.#send(channels[channel], Buffer.alloc(0));
  }

  async pump(send: (input: CommandInput) => Promise<void>): Promise<void> {
    const messages = createWebSocketStream(this.#socket, { readableObjectMode: true });
    messages.on('error', () => undefined);
    try {
      for await (const message of messages.iterator({ destroyOnReturn: false })) {
        const input = this.#parse(Buffer.from(message as Buffer | string));
        if (input) await send(input);
      }
    } catch {
      // The client is gone, which `closed` says.
    }
  }

  write(stream: 'stdout' | 'stderr', data: Uint8Array): Promise<void> {
    return this.#send(channels[stream], data);
  }

  async finish(status: Status): Promise<void> {
    const text = this.#hasStatus ? JSON.stringify(status) : textOf(status);
    await this.#send(channels.error, Buffer.from(text));
    this.#socket.close(1000);
  }

  #parse(message: Buffer): CommandInput | undefined {
    const [first] = message;
    if (first === undefined) return undefined;
    const channel = this.#isBase64 ? first - 0x30 : first;
    const body = message.subarray(1);
    const data = this.#isBase64 ? Buffer.from(body.toString('latin1'), 'base64') : body;
    if (channel === channels.stdin) return { type: 'stdin', data };
    if (channel === channels.resize) return parseSize(data.toString());
    if (channel === channels.close && data[0] === channels.stdin) return { type: 'stdin-end' };
    return undefined;
  }

  /** Resolves when the bytes have been handed to the system, so that a slow client slows its command. */
  #send(channel: number, data: Uint8Array): Promise<void> {
    const message = this.#isBase64
      ? `${channel}${Buffer.from(data).toString('base64')}`
      : Buffer.concat([Buffer.from([channel]), data]);
    return new Promise((resolve) => this.#socket.send(message, () => resolve()));
  }
}

/** What versions without a status have on the error channel: nothing, where all went well. */
const textOf = ({ status, message = '' }: Status): string => (status === 'Success' ? '' : message);
