import { readFileSync, statSync } from 'node:fs';
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { QuorateError } from '#shared/base';
import type { Logger } from '#shared/runtime';
import { admission } from './admission.ts';
import type { TlsOptions } from './options.ts';

/** What the files held when they were last read. */
interface Loaded {
  readonly stamp: string;
  readonly server: SecureContextOptions;
  readonly client: ConnectionOptions;
  readonly crl: Buffer | undefined;
}

/**
 * Who this member is over TLS, and whom it lets in. The files are looked at for every new connection, so
 * that certificates are renewed without a restart; what cannot be read leaves the last good ones in force.
 */
export class TlsIdentity {
  readonly options: TlsOptions;
  readonly #log: Logger;
  #loaded: Loaded;

  /** Throws `bad-request` where the files do not do. */
  constructor(options: TlsOptions, log: Logger) {
    this.options = options;
    this.#log = log;
    this.#loaded = this.#load();
  }

  /** Everybody must show a certificate. */
  get requiresCertificate(): boolean {
    const { trustedCaFile, clientCertAuth } = this.options;
    return trustedCaFile !== '' || clientCertAuth;
  }

  /** For the server side of new connections; the same object as long as nothing has changed. */
  get server(): SecureContextOptions {
    return this.#current().server;
  }

  /** For new connections from here. */
  get client(): ConnectionOptions {
    return this.#current().client;
  }

  /** Why the certificate of whoever came is no good, although its authority is; undefined: it is. */
  refusal(socket: TLSSocket): Promise<string | undefined> {
    return admission(socket, this.options, this.#current().crl);
  }

  #current(): Loaded {
    try {
      if (this.#stamp() !== this.#loaded.stamp) {
        this.#loaded = this.#load();
        this.#log.info({ certFile: this.options.certFile }, 'read the certificates anew');
      }
    } catch (thrown) {
      this.#log.warn(
        { error: QuorateError.from(thrown).message },
        'the certificates cannot be read: those from before stay in force',
      );
    }
    return this.#loaded;
  }

  #files(): string[] {
    const { certFile, keyFile, clientCertFile, clientKeyFile, trustedCaFile, crlFile } =
      this.options;
    const all = [certFile, keyFile, clientCertFile, clientKeyFile, trustedCaFile, crlFile];
    return all.filter((file) => file !== '');
  }

  #stamp(): string {
    return this.#files()
      .map((file) => {
        const { ino, size, mtimeMs } = statSync(file);
        return `${ino}.${size}.${mtimeMs}`;
      })
      .join();
  }

  #load(): Loaded {
    const { certFile, keyFile, trustedCaFile, crlFile, auto, ciphers } = this.options;
    const { minVersion, maxVersion } = this.options;
    const clientCertFile = this.options.clientCertFile || certFile;
    const clientKeyFile = this.options.clientKeyFile || keyFile;
    const common = {
      minVersion,
      ...(maxVersion && { maxVersion }),
      ...(ciphers && { ciphers }),
      ...(trustedCaFile !== '' && { ca: read(trustedCaFile) }),
    };
    const stamp = stampOf(() => this.#stamp());
    const server = { ...common, cert: read(certFile), key: read(keyFile) };
    const client = {
      ...common,
      cert: read(clientCertFile),
      key: read(clientKeyFile),
      // Nobody can know certificates that sign themselves.
      ...(auto && { rejectUnauthorized: false }),
    };
    for (const [context, cert, key] of [
      [server, certFile, keyFile],
      [client, clientCertFile, clientKeyFile],
    ] as const) {
      try {
        createSecureContext(context);
      } catch (thrown) {
        throw bad(`${cert} and ${key} do not do: ${(thrown as Error).message}`);
      }
    }
    return { stamp, server, client, crl: crlFile === '' ? undefined : read(crlFile) };
  }
}

function stampOf(make: () => string): string {
  try {
    return make();
  } catch (thrown) {
    throw bad((thrown as Error).message);
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    throw bad(`cannot read ${file}: ${(thrown as Error).message}`);
  }
}

const bad = (text: string): QuorateError => new QuorateError('bad-request', `TLS: ${text}`);
