import { PassThrough } from 'node:stream';
import {
  Attach,
  CoreV1Api,
  Exec,
  KubeConfig,
  PortForward,
  type V1Status,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { eventually } from '#shared/lab';
import { server, shellPod } from './objects.ts';

/** The official client for Node.js, as a program would use it. */
const config = new KubeConfig();
const namespace = 'client-node';
let core: CoreV1Api;

beforeAll(async () => {
  config.loadFromFile(inject('kubeconfig'));
  core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await eventually('the account of its pods', () =>
    core.readNamespacedServiceAccount({ namespace, name: 'default' }),
  );
  const script = `trap 'exit 0' TERM; node -e "${server}" & while :; do echo tick; sleep 0.1; done`;
  await core.createNamespacedPod({ namespace, body: shellPod('web', script) });
  await eventually('the server in the pod', async () => {
    const log = await core.readNamespacedPodLog({ namespace, name: 'web' });
    return log.includes('listening') || undefined;
  });
});
afterAll(() => core.deleteNamespace({ name: namespace }));

test('Exec: output, input and status', async () => {
  const [out, err, input] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const seen = { out: '', err: '' };
  out.on('data', (chunk: Buffer) => (seen.out += chunk.toString()));
  err.on('data', (chunk: Buffer) => (seen.err += chunk.toString()));
  const command = ['sh', '-c', 'read line; echo "got $line"; echo oops >&2; exit 3'];
  const status = new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, 'web', 'main', command, out, err, input, false, resolve)
      .catch(reject);
  });
  input.write('it\n');
  expect(await status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
  await expect.poll(() => seen, { timeout: 60_000 }).toEqual({ out: 'got it\n', err: 'oops\n' });
});

test('Exec: what was sent is worked off, also where the client does not wait for it', async () => {
  const run = (...command: string[]) =>
    new Exec(config).exec(namespace, 'web', 'main', command, null, null, new PassThrough(), false);
  const socket = await run('sh', '-c', 'sleep 0.2; cat > sent; echo done >> sent');
  socket.send(Buffer.from('\0all of it\n'));
  socket.close();
  await eventually('the file', async () => {
    const out = new PassThrough();
    let seen = '';
    out.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const cat = ['cat', 'sent'];
    const exec = new Exec(config);
    const { promise: ended, resolve } = Promise.withResolvers<unknown>();
    await exec.exec(namespace, 'web', 'main', cat, out, null, null, false, resolve);
    await ended;
    return seen === 'all of it\ndone\n' || undefined;
  });
});

test('Attach', async () => {
  const out = new PassThrough();
  let seen = '';
  out.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  const socket = await new Attach(config).attach(namespace, 'web', 'main', out, null, null, false);
  await eventually('ticks', () => (seen.includes('tick\ntick\n') ? true : undefined));
  socket.close();
});

test('PortForward', async () => {
  const [out, input] = [new PassThrough(), new PassThrough()];
  let seen = '';
  out.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  await new PortForward(config).portForward(namespace, 'web', [8080], out, null, input);
  input.write('GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n');
  await eventually('an answer', () => (seen.endsWith('\r\n\r\n0') ? true : undefined));
  expect(seen).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});
