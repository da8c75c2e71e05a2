import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Node, refs } from '#shared/api';
import { createGrpcApiClient, type GrpcApiClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { createAuthority, issueClient } from '#shared/pki';
import { eventually, type Lab, startLab } from '#shared/lab';
import type { ClientTls } from '#shared/rpc';

/** Who may do what, by the certificates that `quorate up` makes for each of its parts. */
let lab: Lab;
const clients: GrpcApiClient[] = [];

beforeAll(async () => {
  lab = await startLab({ masters: 1, workers: 2 });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await lab.destroy();
});

function client(tls?: ClientTls): GrpcApiClient {
  const servers = [...lab.apiServers];
  const made = createGrpcApiClient({ servers, clock: systemClock, tls, timeoutMs: 20_000 });
  clients.push(made);
  return made;
}

const refused = (code: string) => ({ code });

test('nobody gets in without a certificate of this cluster', async () => {
  await expect(client().list(refs.pods)).rejects.toMatchObject(refused('unavailable'));
  const { ca } = lab.credentials('admin');
  await expect(client({ ca }).list(refs.pods)).rejects.toMatchObject(refused('unauthenticated'));
  const now = systemClock.now();
  const other = await createAuthority('quorate', now);
  const forged = await issueClient(other, now, 'quorate-admin', ['system:masters']);
  await expect(client({ ca, ...forged }).list(refs.pods)).rejects.toMatchObject(
    refused('unauthenticated'),
  );
});

test('a worker reads what its pods use, and speaks for itself alone', async () => {
  const admin = client(lab.credentials('admin'));
  const worker = client(lab.credentials('worker-1'));
  await admin.create(refs.secrets, { metadata: { name: 'unused' } });
  await expect(worker.get(refs.secrets, 'unused')).rejects.toMatchObject(refused('forbidden'));
  await expect(worker.list(refs.secrets)).rejects.toMatchObject(refused('forbidden'));
  await expect(worker.registerNode({ metadata: { name: 'worker-2' } })).rejects.toMatchObject(
    refused('forbidden'),
  );
  await expect(
    worker.heartbeat({ node: 'worker-2', leaseDurationSeconds: 40 }),
  ).rejects.toMatchObject(refused('forbidden'));
  const binding = { metadata: { name: 'mine' }, roleRef: { kind: 'ClusterRole', name: 'admin' } };
  await expect(worker.create(refs.clusterRoleBindings, binding)).rejects.toMatchObject(
    refused('forbidden'),
  );
  expect((await worker.list(refs.nodes)).items).toHaveLength(2);
});

test('a proxy sees services, and no pods', async () => {
  const proxy = client(lab.credentials('kube-proxy'));
  await proxy.list(refs.services);
  await expect(proxy.list(refs.pods)).rejects.toMatchObject(refused('forbidden'));
});

test('an agent lets in the API server, and nobody else', async () => {
  const { status } = await client(lab.credentials('admin')).get<Node>(refs.nodes, 'worker-1');
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  const closed = (name: string): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ...lab.credentials(name),
        servername: 'worker-1',
        ALPNProtocols: ['h2'],
      });
      // A server that serves HTTP/2 says so first.
      socket.on('data', () => {
        resolve(false);
        socket.destroy();
      });
      socket.on('error', () => resolve(true));
      socket.on('close', () => resolve(true));
    });
  expect(await closed('admin')).toBe(true);
  expect(await closed('worker-2')).toBe(true);
  expect(await closed('apiserver-agent-client')).toBe(false);
});

test('logs go from the agent through the API server to who may read them', async () => {
  const admin = client(lab.credentials('admin'));
  await admin.create(refs.pods, {
    metadata: { name: 'talks' },
    spec: { containers: [{ name: 'c', image: 'x', command: ['sh', '-c', 'echo hi; sleep 100'] }] },
  });
  const read = async (api: GrpcApiClient): Promise<string> => {
    let text = '';
    for await (const chunk of api.logs('default', 'talks')) text += Buffer.from(chunk).toString();
    return text;
  };
  await eventually('the log', async () => ((await read(admin)) === 'hi\n' ? true : undefined));
  const worker = client(lab.credentials('worker-1'));
  await expect(read(worker)).rejects.toMatchObject(refused('forbidden'));
});
