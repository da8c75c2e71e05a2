import { describe, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { kubectlVersions, useKubectl } from './kubectl.ts';
import { server, shellPod } from './objects.ts';

describe.each(kubectlVersions())('kubectl $version', (program) => {
  const kubectl = useKubectl(program, 'workloads');
  const sleeps = ['--', 'sh', '-c', 'while :; do sleep 0.2; done'];
  const rolledOut = (): Promise<string> =>
    kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=120s');

  test('a deployment: create, scale, change, pause, undo, restart', async () => {
    await kubectl.ok('create', 'deployment', 'web', '--image=web:1', '--replicas=2', ...sleeps);
    expect(await rolledOut()).toContain('deployment "web" successfully rolled out');
    expect(await kubectl.ok('get', 'deployment', 'web')).toMatch(/web +2\/2 +2 +2 +\d+s\n/);
    await kubectl.ok('scale', 'deployment/web', '--replicas=3', '--current-replicas=2');
    await kubectl.ok(
      'wait',
      'deployment/web',
      '--for=jsonpath={.status.readyReplicas}=3',
      '--timeout=120s',
    );
    await kubectl.ok('set', 'image', 'deployment/web', 'web=web:2');
    await kubectl.ok('annotate', 'deployment/web', 'kubernetes.io/change-cause=second');
    await rolledOut();
    await kubectl.until(/2 +second\n/, 'rollout', 'history', 'deployment/web');
    await kubectl.ok('rollout', 'pause', 'deployment/web');
    await kubectl.ok('set', 'env', 'deployment/web', 'LEVEL=3');
    await kubectl.ok('set', 'resources', 'deployment/web', '--limits=cpu=100m,memory=32Mi');
    expect(await kubectl.ok('set', 'env', 'deployment/web', '--list')).toContain('LEVEL=3');
    await kubectl.ok('rollout', 'resume', 'deployment/web');
    await rolledOut();
    await kubectl.ok('rollout', 'undo', 'deployment/web', '--to-revision=1');
    await rolledOut();
    const image = '-o=jsonpath={.spec.template.spec.containers[0].image}';
    expect(await kubectl.ok('get', 'deployment', 'web', image)).toBe('web:1');
    await kubectl.ok('rollout', 'restart', 'deployment/web');
    await rolledOut();
    await kubectl.until('ScalingReplicaSet', 'describe', 'deployment', 'web');
  });

  test('expose and autoscale', async () => {
    await kubectl.ok('expose', 'deployment', 'web', '--port=80', '--target-port=8080');
    expect(await kubectl.ok('get', 'service', 'web')).toMatch(
      /web +ClusterIP +[\d.]+ +<none> +80\/TCP/,
    );
    const slices = ['endpointslices', '-l', 'kubernetes.io/service-name=web', '--no-headers'];
    await kubectl.until(/8080 +\d+\.\d+\.\d+\.\d+/, 'get', ...slices);
    await kubectl.ok('autoscale', 'deployment', 'web', '--min=1', '--max=4', '--cpu-percent=80');
    expect(await kubectl.ok('get', 'hpa', 'web')).toContain('Deployment/web');
    await kubectl.ok('delete', 'hpa,svc', 'web');
  });

  test('expose as a NodePort: answers on 127.0.0.1', async () => {
    const containers = [{ name: 'main', image: 'node', command: ['node', '-e', server] }];
    await kubectl.okWith(shellPod('site', '', { containers }), 'apply', '-f', '-');
    await kubectl.ok('expose', 'pod', 'site', '--type=NodePort', '--port=80', '--target-port=8080');
    const row = await kubectl.ok('get', 'service', 'site');
    const [, port = ''] = /site +NodePort +[\d.]+ +<none> +80:(\d+)\/TCP/.exec(row) ?? [];
    expect(await kubectl.ok('describe', 'service', 'site')).toMatch(
      new RegExp(`NodePort: +<unset> +${port}/TCP`),
    );
    await eventually('an answer at the node port', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}`, {
        method: 'POST',
        body: 'four',
      }).catch(() => undefined);
      return (await answer?.text()) === '4' ? true : undefined;
    });
    const taken = { name: 'other', namespace: kubectl.namespace };
    const spec = { type: 'NodePort', ports: [{ port: 80, nodePort: Number(port) }] };
    const other = { apiVersion: 'v1', kind: 'Service', metadata: taken, spec };
    const refused = await kubectl.runWith(JSON.stringify(other), 'apply', '-f', '-');
    expect(refused.stderr).toContain(
      `spec.ports[0].nodePort: Invalid value: ${port}: provided port is already allocated`,
    );
    await kubectl.ok('delete', 'pod,svc', 'site', '--now');
  });

  test('events tell the story of a pod', async () => {
    await kubectl.okWith(shellPod('story', 'sleep 1000'), 'apply', '-f', '-');
    await kubectl.ok('wait', 'pod/story', '--for=condition=Ready', '--timeout=120s');
    await kubectl.until('Started container main', 'events', '--for', 'pod/story');
    // The scheduler writes its own when it comes to it.
    await kubectl.until(
      /Scheduled +pod\/story +Successfully assigned/,
      'get',
      'events',
      '--field-selector=involvedObject.name=story',
    );
    expect(await kubectl.ok('describe', 'pod', 'story')).toContain('Started container main');
  });

  test('top: what runs is measured', async () => {
    const spin = 'while :; do :; done';
    await kubectl.okWith(shellPod('spin', spin), 'apply', '-f', '-');
    await kubectl.ok('wait', 'pod/spin', '--for=condition=Ready', '--timeout=120s');
    await eventually('CPU of a busy pod', async () => {
      const { stdout } = await kubectl.run('top', 'pod', 'spin', '--no-headers');
      const [, millis] = /spin +(\d+)m +\d+Mi/.exec(stdout) ?? [];
      return Number(millis) > 50 ? true : undefined;
    });
    const containers = ['top', 'pod', '-l', 'app=spin', '--containers'];
    await kubectl.until(/spin +main +\d+m +\d+Mi/, ...containers);
    await kubectl.until(/worker-1 +\d+m +\d+% +\d+Mi +\d+%/, 'top', 'node');
    await kubectl.ok('delete', 'pod', 'spin', '--now');
  });

  test('debug: a container more, in a pod that runs', async () => {
    const look = ['debug', 'story', '--image=busybox', '-c', 'look', '--profile=general'];
    const legacy = program.version === '1.27' ? look.slice(0, -1) : look;
    await kubectl.ok(...legacy, '--', 'sh', '-c', 'echo "inside $POD_NAME"');
    await kubectl.until('inside story', 'logs', 'story', '-c', 'look');
    const state = '-o=jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.reason}';
    await kubectl.until('Completed', 'get', 'pod', 'story', state);
    expect(await kubectl.ok('get', 'pod', 'story')).toMatch(/story +1\/1 +Running +0/);
  });

  test('delete: orphans on request, all in the foreground, now', async () => {
    await kubectl.ok('delete', 'deployment', 'web', '--cascade=orphan');
    expect(await kubectl.ok('get', 'rs', '-o', 'name')).toContain('replicaset.apps/web-');
    await kubectl.ok('delete', 'rs', '--all', '--cascade=foreground');
    expect(await kubectl.ok('get', 'pods', '-l', 'app=web', '-o', 'name')).toBe('');
    await kubectl.ok('delete', 'pod', 'story', '--grace-period=0', '--force');
    expect((await kubectl.run('get', 'pod', 'story')).code).toBe(1);
  });
});
