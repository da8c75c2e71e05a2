import { once } from 'node:events';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  type Credentials,
  createAuthority,
  issueClient,
  issueServer,
} from '#shared/pki';
import { ManualClock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { ClientDoor } from '../http/door.ts';
import { isRevoked } from './admission.ts';
import { TlsIdentity } from './identity.ts';
import { Rejections } from './rejections.ts';
import { openTls } from './open.ts';
import { protocolOf, type TlsOptions } from './options.ts';

const now = Date.now();
const localhost = { dns: ['localhost'], ips: ['127.0.0.1'] };
let ca: Authority;
let server: Credentials;
let client: Credentials;
beforeAll(async () => {
  ca = await createAuthority('ca', now);
  server = await issueServer(ca, now, 'server', localhost);
  client = await issueClient(ca, now, 'alice', []);
});

const lines: string[] = [];
const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields: unknown, text?: string) => void lines.push(`${text} ${JSON.stringify(fields)}`),
  error: () => undefined,
  child: () => log,
};

/** With TLS 1.3 a client may learn it with its first answer only. */
const refused = /alert|ECONNRESET|socket hang up|EPIPE/;

let dir: string;
let doors: ClientDoor[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
  lines.length = 0;
});
afterEach(() => {
  for (const door of doors) door.close();
  doors = [];
});

const file = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

function options(more: Partial<TlsOptions> = {}): TlsOptions {
  return {
    certFile: file('cert.pem', server.cert),
    keyFile: file('key.pem', server.key),
    clientCertFile: '',
    clientKeyFile: '',
    trustedCaFile: '',
    clientCertAuth: false,
    crlFile: '',
    allowedCommonNames: [],
    allowedHostnames: [],
    skipClientSanVerification: true,
    auto: false,
    selfSignedYears: 1,
    ...protocolOf('', '', []),
    ...more,
  };
}

const withClients = (): Partial<TlsOptions> => ({
  trustedCaFile: file('ca.pem', ca.cert),
  clientCertAuth: true,
});

async function listen(tls: TlsOptions): Promise<number> {
  const http2 = createHttp2((_request, response) => response.end('two'));
  const door = new ClientDoor({
    rejections: new Rejections(log, new ManualClock(), 'client'),
    grpc: (connection) => http2.emit('connection', connection),
    http: () => Promise.resolve((_request, response) => void response.end('one')),
  });
  doors.push(door);
  return door.listen('127.0.0.1:0', new TlsIdentity(tls, log));
}

/** `one` or `two`, and the server's certificate; rejects where it is not let in. */
async function ask(
  port: number,
  more: ConnectionOptions = {},
): Promise<{ body: string; serial: string }> {
  const asked = request({ port, host: '127.0.0.1', ca: ca.cert, agent: false, ...more });
  asked.end();
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber;
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { body, serial };
}

describe('one port over TLS', () => {
  test('speaks HTTP/1 and HTTP/2', async () => {
    const port = await listen(options());
    expect((await ask(port)).body).toBe('one');
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: ca.cert });
    const stream = session.request();
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    expect(body).toBe('two');
    session.destroy();
    // As curl --http1.0 does.
    expect((await ask(port, { ALPNProtocols: ['http/1.0'] })).body).toBe('one');
  });

  test('tells whoever forgot TLS', async () => {
    const port = await listen(options());
    const socket = connectPlain(port, '127.0.0.1');
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.0 400 Bad Request.*Client sent an HTTP request to an HTTPS/s);
    expect(lines.join()).toContain('the client speaks in clear text');
  });

  test('reads renewed certificates without a restart, and keeps good ones over bad ones', async () => {
    const port = await listen(options());
    const before = await ask(port);
    const renewed = await issueServer(ca, now, 'renewed', localhost);
    file('cert.pem', renewed.cert);
    // Only half of it is there yet.
    expect((await ask(port)).serial).toBe(before.serial);
    file('key.pem', renewed.key);
    expect((await ask(port)).serial).not.toBe(before.serial);
  });
});

describe('client certificates', () => {
  test('are asked for, and must be of the authority', async () => {
    const port = await listen(options(withClients()));
    await expect(ask(port)).rejects.toThrow(refused);
    const stranger = await issueClient(await createAuthority('other', now), now, 'alice', []);
    await expect(ask(port, stranger)).rejects.toThrow(refused);
    expect(lines.join()).toContain('rejected connection on client endpoint');
    expect((await ask(port, client)).body).toBe('one');
  });

  test('may have to have a name, or to come from where they are for', async () => {
    const named = await listen(options({ ...withClients(), allowedCommonNames: ['alice'] }));
    expect((await ask(named, client)).body).toBe('one');
    await expect(ask(named, await issueClient(ca, now, 'bob', []))).rejects.toThrow(refused);
    const hosted = await listen(options({ ...withClients(), allowedHostnames: ['localhost'] }));
    await expect(ask(hosted, client)).rejects.toThrow(refused);
  });
});

describe('certificates that sign themselves', () => {
  const open = (urls: string[], tls?: TlsOptions) =>
    openTls({ side: 'client', options: tls, urls, dataDir: dir, clock: new ManualClock(now), log });

  test('are made once, and their key is nobody else’s', async () => {
    const auto = options({ auto: true, certFile: '', keyFile: '' });
    const first = await open(['https://127.0.0.1:1'], auto);
    const { certFile = '', keyFile = '' } = first?.options ?? {};
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const madeMs = statSync(certFile).mtimeMs;
    await open(['https://127.0.0.1:1'], auto);
    expect(statSync(certFile).mtimeMs).toBe(madeMs);
  });

  test('https:// needs a certificate, and http:// ignores one', async () => {
    await expect(open(['https://h:1'])).rejects.toThrow(
      'TLS key/cert (--cert-file, --key-file) must be provided for client url https://h:1',
    );
    expect(await open(['http://h:1'], options())).toBeUndefined();
    expect(lines.join()).toContain('client URLs without TLS');
    await expect(open(['https://h:1'], options({ certFile: '/nope' }))).rejects.toThrow('/nope');
  });
});

test('a list of revoked certificates is read in either form', async () => {
  const der = Buffer.from(revokedList.replaceAll(/-----.*-----|\n/g, ''), 'base64');
  for (const list of [Buffer.from(revokedList), der]) {
    // Node.js writes serial numbers in capitals, without leading zeros.
    expect(await isRevoked('557775762ECE24DBA830291F6E19D9B8', list)).toBe(true);
    expect(await isRevoked('557775762ECE24DBA830291F6E19D9B9', list)).toBe(false);
  }
  await expect(isRevoked('1', Buffer.from('no list'))).rejects.toThrow('Unsupported format');
});

/** Made by OpenSSL for one certificate. */
const revokedList = `-----BEGIN X509 CRL-----
MIHNMHYCAQEwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAxMHdGVzdCBjYRcNMjYxMTIy
MTQzMjQyWhcNMjYxMjIyMTQzMjQyWjAjMCECEFV3dXYuziTbqDApH24Z2bgXDTI2
MTEyMjE0MzI0MlqgDjAMMAoGA1UdFAQDAgEBMAoGCCqGSM49BAMCA0cAMEQCIHKv
8M2MaM5AQLxZsxhiQsw/ean2o+9i+1YCR9xEFVwoAiByp0rXN0RwADnvKOIYjK0j
B+8DAoFwo9V63JpcLzZGmw==
-----END X509 CRL-----`;

test('versions and cipher suites are those of Go’s names', () => {
  expect(
    protocolOf('TLS1.2', 'TLS1.3', [
      'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
      'TLS_RSA_WITH_AES_128_CBC_SHA',
    ]),
  ).toEqual({
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:AES128-SHA',
  });
  expect(() => protocolOf('TLS1.3', 'TLS1.2', [])).toThrow('greater than max version');
  expect(() => protocolOf('', '', ['TLS_NO_SUCH'])).toThrow('unexpected TLS cipher suite');
  expect(() => protocolOf('SSL3', '', [])).toThrow('unexpected TLS version "SSL3"');
});
