import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';
import { shellPod } from './objects.ts';

/** Where the pods of this machine find the client that applications use. */
const clientNode = createRequire(import.meta.url).resolve('@kubernetes/client-node');

const newest = kubectlVersions().at(-1);
if (!newest) throw new Error('no kubectl');

describe(`volumes, by kubectl ${newest.version}`, () => {
  const kubectl = useKubectl(newest, 'volumes');
  const ready = (pod: string): Promise<string> =>
    kubectl.ok('wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=120s');
  const mounted = (volumes: object[], volumeMounts: object[], script = 'sleep 1000') => ({
    volumes,
    containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', script], volumeMounts }],
  });

  test('ConfigMaps and Secrets are files, and their changes reach the running pod', async () => {
    await kubectl.ok('create', 'configmap', 'settings', '--from-literal=color=red');
    await kubectl.ok('create', 'secret', 'generic', 'login', '--from-literal=user=me');
    const spec = mounted(
      [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'login', secret: { secretName: 'login', defaultMode: 0o400 } },
        { name: 'data', emptyDir: {} },
      ],
      [
        { name: 'settings', mountPath: '/etc/app' },
        { name: 'login', mountPath: '/login' },
        { name: 'data', mountPath: '/data' },
      ],
    );
    await kubectl.okWith(shellPod('files', '', spec), 'apply', '-f', '-');
    await ready('files');
    const read = (...command: string[]): Promise<string> =>
      kubectl.ok('exec', 'files', '--', ...command);
    expect(await read('cat', '/etc/app/color', '/login/user')).toBe('redme');
    expect(await read('stat', '-Lc', '%a', '/login/user')).toBe('400\n');
    expect((await kubectl.run('exec', 'files', '--', 'touch', '/etc/app/new')).stderr).toContain(
      'Read-only file system',
    );
    await kubectl.ok('patch', 'configmap', 'settings', '-p', '{"data":{"color":"blue"}}');
    await kubectl.until('blue', 'exec', 'files', '--', 'cat', '/etc/app/color');
    await kubectl.ok('cp', import.meta.filename, 'files:/data/copy');
    expect(await read('head', '-n', '1', '/data/copy')).toContain('import');
  });

  test('a pod waits for its ConfigMap, in Kubernetes’ words', async () => {
    const spec = mounted([{ name: 'late', configMap: { name: 'late' } }], []);
    await kubectl.okWith(shellPod('waits', '', spec), 'apply', '-f', '-');
    await kubectl.until(
      'MountVolume.SetUp failed for volume "late" : configmap "late" not found',
      'describe',
      'pod',
      'waits',
    );
    expect(await kubectl.ok('get', 'pod', 'waits')).toMatch(/waits +0\/1 +ContainerCreating/);
    await kubectl.ok('create', 'configmap', 'late');
    await ready('waits');
  });

  test('a client in a pod is the pod’s account, and may what that one may', async () => {
    const script = `
      const k8s = await import(${JSON.stringify(clientNode)});
      const config = new k8s.KubeConfig();
      config.loadFromCluster();
      const core = config.makeApiClient(k8s.CoreV1Api);
      const namespace = config.getContextObject(config.getCurrentContext()).namespace;
      const maps = await core.listNamespacedConfigMap({ namespace });
      console.log('sees', maps.items.map((map) => map.metadata.name).join());
      await core.listNamespacedSecret({ namespace }).catch((error) => console.log('may not', error.code));
    `;
    await kubectl.ok('create', 'role', 'reader', '--verb=list', '--resource=configmaps');
    const account = `${kubectl.namespace}:default`;
    await kubectl.ok('create', 'rolebinding', 'r', '--role=reader', `--serviceaccount=${account}`);
    const pod = shellPod('client', '', {
      restartPolicy: 'Never',
      containers: [
        { name: 'main', image: 'node', command: ['node', '--input-type=module', '-e', script] },
      ],
    });
    const as = `--as=system:serviceaccount:${account}`;
    await kubectl.until('yes', 'auth', 'can-i', 'list', 'configmaps', as);
    await kubectl.okWith(pod, 'apply', '-f', '-');
    await kubectl.until('may not 403', 'logs', 'client');
    expect(await kubectl.ok('logs', 'client')).toContain('kube-root-ca.crt');
    expect(await kubectl.ok('get', 'service', 'kubernetes', '-n', 'default')).toMatch(
      /kubernetes +ClusterIP +127\.\d+\.0\.1 +<none> +(443|6443)\/TCP/,
    );
    const mounts = await kubectl.ok('describe', 'pod', 'client');
    expect(mounts).toMatch(
      /\/var\/run\/secrets\/kubernetes.io\/serviceaccount from kube-api-access-/,
    );
  });

  test('a claim gets a volume with its pod’s node, which outlives the pod and ends with the claim', async () => {
    expect(await kubectl.ok('get', 'storageclass')).toMatch(
      /standard \(default\) +quorate.dev\/local-path +Delete +WaitForFirstConsumer +false/,
    );
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await kubectl.okWith(claim, 'apply', '-f', '-');
    await kubectl.until('WaitForFirstConsumer', 'describe', 'pvc', 'data');
    const pod = shellPod(
      'db',
      '',
      mounted(
        [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
        [{ name: 'data', mountPath: '/data' }],
        'echo started >>/data/log; sleep 1000',
      ),
    );
    await kubectl.okWith(pod, 'apply', '-f', '-');
    await ready('db');
    expect(await kubectl.ok('get', 'pvc', 'data')).toMatch(
      /data +Bound +pvc-\S+ +1Gi +RWO +standard/,
    );
    // It is ready before its script has done anything.
    await kubectl.until(/^started\n$/, 'exec', 'db', '--', 'cat', '/data/log');
    const name = await kubectl.ok('get', 'pvc', 'data', '-o=jsonpath={.spec.volumeName}');
    await kubectl.until(
      new RegExp(`1Gi +RWO +Delete +Bound +${kubectl.namespace}/data +standard`),
      'get',
      'pv',
      name,
    );
    await kubectl.ok('delete', 'pod', 'db', '--now');
    await kubectl.okWith(pod, 'apply', '-f', '-');
    await ready('db');
    await kubectl.until(/^started\nstarted\n$/, 'exec', 'db', '--', 'cat', '/data/log');
    await kubectl.ok('delete', 'pvc', 'data', '--wait=false');
    expect(await kubectl.ok('get', 'pvc', 'data')).toMatch(/data +Terminating/);
    await kubectl.ok('delete', 'pod', 'db', '--now');
    await kubectl.ok('wait', `pv/${name}`, '--for=delete', '--timeout=120s');
  });

  test('a StatefulSet’s pods come back to their claims, which go when it says so', async () => {
    const labels = { app: 'set' };
    const spec = mounted(
      [],
      [{ name: 'data', mountPath: '/data' }],
      'echo $HOSTNAME >>/data/log; sleep 1000',
    );
    const set = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'set' },
      spec: {
        replicas: 2,
        serviceName: 'set',
        selector: { matchLabels: labels },
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: spec.containers },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
          },
        ],
      },
    };
    await kubectl.okWith(set, 'apply', '-f', '-');
    await kubectl.ok('rollout', 'status', 'statefulset/set', '--timeout=120s');
    await kubectl.until(/^set-0\n$/, 'exec', 'set-0', '--', 'cat', '/data/log');
    const uid = await kubectl.ok('get', 'pod', 'set-0', '-o=jsonpath={.metadata.uid}');
    // To wait is to wait for the name to be free: the next pod may have it before kubectl looks.
    await kubectl.ok('delete', 'pod', 'set-0', '--wait=false');
    const another = new RegExp(`^(?!${uid})[0-9a-f]`);
    await kubectl.until(another, 'get', 'pod', 'set-0', '-o=jsonpath={.metadata.uid}');
    await ready('set-0');
    await kubectl.until(/^set-0\nset-0\n$/, 'exec', 'set-0', '--', 'cat', '/data/log');
    await kubectl.ok('scale', 'statefulset/set', '--replicas=1');
    await kubectl.ok('wait', 'pvc/data-set-1', '--for=delete', '--timeout=120s');
    await kubectl.ok('delete', 'statefulset', 'set');
    expect(await kubectl.ok('get', 'pvc')).toMatch(/data-set-0 +Bound/);
  });

  test('without automountServiceAccountToken there is no token', async () => {
    const pod = shellPod('plain', 'sleep 1000', { automountServiceAccountToken: false });
    await kubectl.okWith(pod, 'apply', '-f', '-');
    await ready('plain');
    expect(await kubectl.ok('get', 'pod', 'plain', '-o=jsonpath={.spec.volumes}')).toBe('');
  });
});
