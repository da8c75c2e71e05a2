import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The way to a member, which stops what carries much while it is shut. */
export class Gate {
  readonly #server: Server;
  readonly #held = new Set<Socket>();
  #open = true;

  /** `from` and `to`: peer URLs. `bytes`: what a connection may bring while it is shut. */
  constructor(from: string, to: string, bytes: number) {
    this.#server = createServer((socket) => this.#pass(socket, portOf(to), bytes));
    this.#server.listen(portOf(from), '127.0.0.1');
  }

  #pass(from: Socket, port: number, bytesMax: number): void {
    const on = connect(port, '127.0.0.1');
    let bytes = 0;
    from.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > bytesMax && !this.#open) {
        this.#held.add(from);
        from.pause();
        from.unshift(chunk);
      } else if (!on.write(chunk)) {
        from.pause();
        on.once('drain', () => from.resume());
      }
    });
    on.pipe(from);
    for (const [one, other] of [
      [from, on],
      [on, from],
    ] as const) {
      one.on('close', () => other.destroy());
      one.on('error', () => other.destroy());
    }
  }

  get holds(): boolean {
    return [...this.#held].some((socket) => !socket.destroyed);
  }

  shut(): void {
    this.#open = false;
  }

  /** What was held goes on. */
  open(): void {
    this.#open = true;
    for (const socket of this.#held) socket.resume();
    this.#held.clear();
  }

  /** What was held is lost. */
  cut(): void {
    for (const socket of this.#held) socket.destroy();
    this.open();
  }

  async close(): Promise<void> {
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

const portOf = (url: string): number => Number(new URL(url).port);
