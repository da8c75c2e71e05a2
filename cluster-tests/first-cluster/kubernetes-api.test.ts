import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Lab, startLab } from '#shared/lab';
import { RestClient } from '../../services/apiserver/testing/rest-client.ts';

/** The Kubernetes REST API with nothing but what `quorate up` leaves behind. */
let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.destroy());

interface Kubeconfig {
  readonly 'current-context': string;
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly {
    readonly user: {
      readonly 'client-certificate-data': string;
      readonly 'client-key-data': string;
    };
  }[];
}

const decode = (text = ''): string => Buffer.from(text, 'base64').toString();

/** Clients of every server in the kubeconfig, by cluster name; without a certificate on request. */
function clients(known = true): Map<string, RestClient> {
  const file = join(lab.dataDir, 'kubeconfig');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Kubeconfig;
  const user = config.users[0]?.user;
  const credentials = known
    ? { cert: decode(user?.['client-certificate-data']), key: decode(user?.['client-key-data']) }
    : undefined;
  return new Map(
    config.clusters.map(({ name, cluster }) => [
      name,
      new RestClient(
        Number(new URL(cluster.server).port),
        decode(cluster['certificate-authority-data']),
        credentials,
      ),
    ]),
  );
}

function client(): RestClient {
  const found = clients().get('quorate');
  if (!found) throw new Error('the kubeconfig has no cluster "quorate"');
  return found;
}

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const pods = '/api/v1/namespaces/default/pods';

const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: 'c', image: 'node', command: ['sh', '-c', 'echo "I am $POD_NAME"; sleep 1000'] },
        ],
      },
    },
  },
};

test('every master lets in who holds the kubeconfig, and nobody else', async () => {
  const all = clients();
  expect([...all.keys()]).toEqual([
    'quorate',
    'quorate-master-1',
    'quorate-master-2',
    'quorate-master-3',
  ]);
  for (const each of all.values()) expect((await each.ask('/readyz')).text).toBe('ok');
  for (const each of clients(false).values()) expect((await each.ask('/version')).code).toBe(401);
  for (const file of ['kubeconfig', 'pki/ca.key', 'pki/master-1.key', 'pki/admin.key']) {
    expect(statSync(join(lab.dataDir, file)).mode & 0o777).toBe(0o600);
  }
  expect(statSync(join(lab.dataDir, 'pki')).mode & 0o777).toBe(0o700);
});

test('a deployment is made, watched, read, scaled and deleted', async () => {
  const api = client();
  expect((await api.ask(deployments, { method: 'POST', body: web })).code).toBe(201);
  const ready = await eventually('two ready replicas', async () => {
    const { body } = await api.ask(`${deployments}/web`);
    return (body.status?.readyReplicas as unknown) === 2 ? body : undefined;
  });
  expect(ready.metadata?.generation).toBe(1);
  const list = await api.ask(`${pods}?labelSelector=app%3Dweb`);
  const [name] = (list.body.items as unknown as { metadata: { name: string } }[]).map(
    ({ metadata }) => metadata.name,
  );
  await eventually('its log', async () => {
    const { text } = await api.ask(`${pods}/${name}/log`);
    return text === `I am ${name}\n` ? text : undefined;
  });
  const scaled = await api.ask(`${deployments}/web/scale`, {
    method: 'PATCH',
    body: { spec: { replicas: 1 } },
    type: 'application/merge-patch+json',
  });
  expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
  const body = { propagationPolicy: 'Foreground' };
  expect((await api.ask(`${deployments}/web`, { method: 'DELETE', body })).code).toBe(200);
  await eventually('all of it to go', async () => {
    const { code } = await api.ask(`${deployments}/web`);
    return code === 404 ? true : undefined;
  });
  const left = await api.ask(`${pods}?labelSelector=app%3Dweb`);
  expect(left.body.items).toEqual([]);
});

test('a watch ends when its time is up', async () => {
  const query = 'watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dnobody';
  expect(await client().lines(`${pods}?${query}`, 1)).toEqual([]);
});

test('a certificate outlives its master', async () => {
  await lab.kill('master-1');
  await lab.start('master-1');
  await eventually('master-1 to answer', async () => {
    const { code } = await client().ask('/readyz');
    return code === 200 ? true : undefined;
  });
});
