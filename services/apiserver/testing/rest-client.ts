import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Credentials } from '#shared/pki';

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  readonly body: Body;
}

/** A JSON object: what a test looks at it knows, and what is not there fails it. */
export interface Body {
  readonly [key: string]: Body;
}

export interface AskOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** A client of the REST door over HTTP/1.1, with nothing of Kubernetes in it. */
export class RestClient {
  readonly #port: number;
  readonly #tls: { readonly ca: string } & Partial<Credentials>;

  constructor(port: number, ca: string, credentials?: Credentials) {
    this.#port = port;
    this.#tls = { ca, ...credentials };
  }

  ask(path: string, options: AskOptions = {}): Promise<Answer> {
    return this.#send(path, options, (response, resolve) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const json = response.headers['content-type']?.startsWith('application/json') === true;
        resolve({
          code: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: (json && text !== '' ? JSON.parse(text) : {}) as Body,
        });
      });
    });
  }

  /** The lines of a watch, up to `count` of them or its end. */
  lines(path: string, count: number, onHead?: () => void, accept?: string): Promise<Body[]> {
    return this.#send(path, accept === undefined ? {} : { accept }, (response, resolve) => {
      onHead?.();
      let text = '';
      const done = (): Body[] =>
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Body);
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (done().length < count) return;
        resolve(done());
        response.destroy();
      });
      response.on('end', () => resolve(done()));
    });
  }

  #send<T>(
    path: string,
    { method = 'GET', body, type = 'application/json', accept, headers: more }: AskOptions,
    read: (response: IncomingMessage, resolve: (value: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const raw = typeof body === 'string' || body instanceof Uint8Array;
      const bytes = body === undefined ? undefined : Buffer.from(raw ? body : JSON.stringify(body));
      const headers = {
        ...(bytes && { 'content-type': type, 'content-length': bytes.length }),
        ...(accept !== undefined && { accept }),
        ...more,
      };
      const sent = request(
        { host: '127.0.0.1', port: this.#port, path, method, headers, ...this.#tls, agent: false },
        (response) => read(response, resolve),
      );
      sent.on('error', reject);
      sent.end(bytes);
    });
  }
}
