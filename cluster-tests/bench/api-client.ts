import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { type Load, loadOf } from './load.ts';

/** HTTP/2 to an API server, as kubectl's user: answers are counted, not parsed. */
export class ApiConnection {
  readonly #session: ClientHttp2Session;

  constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  static async open(kubeconfig: string): Promise<ApiConnection> {
    // JSON, as `quorate` writes it.
    const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
      clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
      users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
    };
    const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
    const session = connect(clusters[0].cluster.server, {
      ca: text(clusters[0].cluster['certificate-authority-data']),
      cert: text(users[0].user['client-certificate-data']),
      key: text(users[0].user['client-key-data']),
      // Or a list of a hundred megabytes waits for the window.
      settings: { initialWindowSize: 16 * 1024 * 1024 },
    });
    await new Promise((resolve, reject) => {
      session.once('connect', resolve);
      session.once('error', reject);
    });
    session.setLocalWindowSize(64 * 1024 * 1024);
    return new ApiConnection(session);
  }

  close(): void {
    this.#session.close();
  }

  /** With all that is open on it. */
  destroy(): void {
    this.#session.destroy();
  }

  /** Resolves to the bytes of the answer's body; rejects where it is no success. */
  ask(method: string, path: string, body?: object, type = 'application/json'): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': method,
        ':path': path,
        ...(body && { 'content-type': type }),
      });
      let bytes = 0;
      let code = 0;
      let head = '';
      stream.on('response', (headers) => {
        code = Number(headers[constants.HTTP2_HEADER_STATUS]);
      });
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (code >= 300) head += chunk.toString();
      });
      stream.on('error', reject);
      stream.on('end', () => {
        if (code >= 200 && code < 300) resolve(bytes);
        else reject(new Error(`${method} ${path}: ${code} ${head.slice(0, 300)}`));
      });
      // An ended stream has been answered: then this says nothing new.
      stream.on('close', () => reject(new Error(`${method} ${path}: the connection is gone`)));
      stream.end(body && JSON.stringify(body));
    });
  }

  /** A watch; `line` is called for each event. Resolves when the server has answered. */
  watch(path: string, line: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({ ':method': 'GET', ':path': path });
      stream.on('response', () => resolve());
      stream.on('error', reject);
      stream.on('data', (chunk: Buffer) => {
        for (const byte of chunk) if (byte === 10) line();
      });
    });
  }
}

/** So many calls in flight for so long; `call` gets the number of each. */
export async function loadApi(
  inFlight: number,
  seconds: number,
  call: (i: number) => Promise<unknown>,
): Promise<Load> {
  const durations: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  let next = 0;
  const worker = async (): Promise<void> => {
    // One call at least: a list of everything may take longer than the time there is.
    do {
      const began = performance.now();
      await call(next++);
      durations.push(performance.now() - began);
    } while (performance.now() < until);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return loadOf(durations, (performance.now() - startedAt) / 1000);
}
