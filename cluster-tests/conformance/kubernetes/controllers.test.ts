import { describe, expect, test } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';

const container = (script: string) => ({
  name: 'main',
  image: 'busybox',
  command: ['sh', '-c', script],
});

const template = (app: string, script: string, spec: object = {}) => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 1, containers: [container(script)], ...spec },
});

const forever = `trap 'exit 0' TERM; sleep 3600 & wait`;

const workload = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: template(name, forever),
    ...spec,
  },
});

const job = (name: string, script: string, spec: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: template(name, script, { restartPolicy: 'Never' }), ...spec },
});

describe.each(kubectlVersions())('kubectl $version', (program) => {
  const kubectl = useKubectl(program, 'controllers');
  const apply = (object: object) => kubectl.okWith(object, 'apply', '-f', '-');

  test.concurrent('a StatefulSet: names, claims, rollout, undo, scale', async () => {
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
    };
    await apply(
      workload('StatefulSet', 'db', {
        serviceName: 'db',
        replicas: 2,
        volumeClaimTemplates: [claim],
      }),
    );
    await kubectl.ok('rollout', 'status', 'statefulset/db', '--timeout=120s');
    expect(await kubectl.ok('get', 'pods', '-l', 'app=db', '-o', 'name')).toBe(
      'pod/db-0\npod/db-1\n',
    );
    expect(await kubectl.ok('get', 'pvc', '-o', 'name')).toContain('data-db-1');
    await kubectl.ok('set', 'env', 'statefulset/db', 'A=b');
    await kubectl.ok('rollout', 'status', 'statefulset/db', '--timeout=120s');
    expect(await kubectl.ok('rollout', 'history', 'statefulset/db')).toMatch(/\n1 .*\n2 /);
    await kubectl.ok('rollout', 'undo', 'statefulset/db');
    await kubectl.ok('rollout', 'status', 'statefulset/db', '--timeout=120s');
    expect(await kubectl.ok('get', 'pod', 'db-0', '-o', 'jsonpath={.spec.containers[0].env}')).toBe(
      '',
    );
    await kubectl.ok('scale', 'statefulset/db', '--replicas=1');
    await kubectl.ok('wait', '--for=delete', 'pod/db-1', '--timeout=120s');
    const fixed = await kubectl.run('patch', 'sts', 'db', '-p', '{"spec":{"serviceName":"x"}}');
    expect(fixed.stderr).toContain(
      'The StatefulSet "db" is invalid: spec: Forbidden: updates to statefulset spec for fields other than',
    );
  });

  test.concurrent('a DaemonSet: one pod on each node, and a rollout over them', async () => {
    await apply(workload('DaemonSet', 'agent'));
    await kubectl.ok('rollout', 'status', 'daemonset/agent', '--timeout=120s');
    const nodes = (await kubectl.ok('get', 'nodes', '-o', 'name')).trim().split('\n').length;
    const row = await kubectl.ok('get', 'daemonset', 'agent', '--no-headers');
    expect(row.split(/\s+/).slice(0, 6)).toEqual([
      'agent',
      ...Array.from({ length: 5 }, () => String(nodes)),
    ]);
    await kubectl.ok('set', 'env', 'daemonset/agent', 'A=b');
    await kubectl.ok('rollout', 'status', 'daemonset/agent', '--timeout=120s');
    expect(await kubectl.ok('rollout', 'history', 'daemonset/agent')).toMatch(/\n1 .*\n2 /);
  });

  test.concurrent('Jobs: complete, fail, are numbered, and refused', async () => {
    await apply(job('sum', 'echo done', { completions: 3, parallelism: 2 }));
    await apply(job('broken', 'exit 3', { backoffLimit: 0 }));
    await apply(
      job('index', 'echo "I am $JOB_COMPLETION_INDEX"', {
        completions: 2,
        parallelism: 2,
        completionMode: 'Indexed',
      }),
    );
    await kubectl.ok('wait', '--for=condition=complete', 'job/sum', 'job/index', '--timeout=120s');
    expect(await kubectl.ok('get', 'job', 'sum')).toMatch(/sum\s+Complete\s+3\/3/);
    await kubectl.ok('wait', '--for=condition=failed', 'job/broken', '--timeout=120s');
    // An event says so, which is written beside the condition.
    await kubectl.until('BackoffLimitExceeded', 'describe', 'job', 'broken');
    const said = await kubectl.ok('logs', '-l', 'job-name=index');
    expect(said.trim().split('\n').sort()).toEqual(['I am 0', 'I am 1']);
    const wrong = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'w' },
      spec: { template: template('w', 'true') },
    };
    const { stderr } = await kubectl.runWith(JSON.stringify(wrong), 'create', '-f', '-');
    expect(stderr).toBe(
      'The Job "w" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"\n',
    );
  });

  test.concurrent('a CronJob: create, run by hand, suspend, refuse', async () => {
    await kubectl.ok(
      'create',
      'cronjob',
      'tick',
      '--image=busybox',
      '--schedule=0 0 1 1 *',
      '--',
      'true',
    );
    await kubectl.ok('create', 'job', 'by-hand', '--from=cronjob/tick');
    await kubectl.ok('wait', '--for=condition=complete', 'job/by-hand', '--timeout=120s');
    await kubectl.ok('patch', 'cronjob', 'tick', '-p', '{"spec":{"suspend":true}}');
    expect(await kubectl.ok('get', 'cj', 'tick')).toMatch(/0 0 1 1 \*\s+<none>\s+True/);
    const args = ['create', 'cronjob', 'bad', '--image=busybox', '--schedule=soon'];
    expect((await kubectl.run(...args)).stderr).toContain(
      'CronJob.batch "bad" is invalid: spec.schedule: Invalid value: "soon": expected exactly 5 fields, found 1: [soon]',
    );
  });

  test.concurrent('a PodDisruptionBudget stands in the way of an eviction', async () => {
    await apply(workload('Deployment', 'kept', { replicas: 1 }));
    await kubectl.ok('rollout', 'status', 'deployment/kept', '--timeout=120s');
    await kubectl.ok('create', 'pdb', 'kept', '--selector=app=kept', '--min-available=1');
    await kubectl.until(/kept\s+1\s+N\/A\s+0/, 'get', 'pdb', 'kept');
    const pod = await kubectl.ok(
      'get',
      'pods',
      '-l',
      'app=kept',
      '-o',
      'jsonpath={.items[0].metadata.name}',
    );
    const path = `/api/v1/namespaces/${kubectl.namespace}/pods/${pod}/eviction`;
    const eviction = JSON.stringify({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod },
    });
    const refused = await kubectl.runWith(eviction, 'create', '--raw', path, '-f', '-');
    expect(refused.stderr).toContain(
      "Cannot evict pod as it would violate the pod's disruption budget.",
    );
    await kubectl.ok('patch', 'pdb', 'kept', '-p', '{"spec":{"minAvailable":0}}');
    await kubectl.until(/kept\s+0\s+N\/A\s+1/, 'get', 'pdb', 'kept');
    expect((await kubectl.runWith(eviction, 'create', '--raw', path, '-f', '-')).code).toBe(0);
  });

  test.concurrent('Endpoints and a ReplicationController', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'old' },
      spec: { replicas: 1, template: template('old', forever) },
    });
    await kubectl.ok('expose', 'rc', 'old', '--port=80');
    await kubectl.until(/old\s+[\d.]+:80/, 'get', 'endpoints', 'old');
    await kubectl.ok('scale', 'rc', 'old', '--replicas=2');
    await kubectl.until(/old\s+2\s+2\s+2/, 'get', 'rc', 'old');
  });
});
