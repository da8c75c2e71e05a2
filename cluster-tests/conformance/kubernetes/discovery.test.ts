import { describe, expect, test } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';

describe.each(kubectlVersions())('kubectl $version', (program) => {
  const kubectl = useKubectl(program, 'discovery');

  test('version, api-resources, api-versions', async () => {
    expect(await kubectl.ok('version')).toMatch(/Server Version: .*v1\.\d+/);
    const kinds = await kubectl.ok('api-resources');
    expect(kinds).toMatch(/^pods +po +v1 +true +Pod$/m);
    expect(kinds).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m);
    const nouns = await kubectl.ok(
      'api-resources',
      '--verbs=list',
      '--namespaced=false',
      '-o',
      'name',
    );
    expect(nouns.split('\n')).toContain('nodes');
    expect((await kubectl.ok('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['v1', 'apps/v1', 'batch/v1', 'metrics.k8s.io/v1beta1']),
    );
  });

  test('explain', async () => {
    const text = await kubectl.ok('explain', 'pod.spec.containers.livenessProbe.httpGet');
    expect(text).toMatch(/FIELD: +httpGet/);
    expect(text).toMatch(/port\t<IntOrString> -required-/);
    expect(await kubectl.ok('explain', 'deployment', '--recursive')).toContain(
      'progressDeadlineSeconds',
    );
    const wrong = await kubectl.run('explain', 'pod.spec.nothing');
    expect(wrong.stderr).toContain('field "nothing" does not exist');
  });

  test('get --raw, health and metrics', async () => {
    expect(await kubectl.ok('get', '--raw', '/readyz')).toBe('ok');
    expect(await kubectl.ok('get', '--raw', '/livez?verbose')).toMatch(
      /\[\+\]ping ok\n[^]*livez check passed/,
    );
    expect(await kubectl.ok('get', '--raw', '/readyz/etcd')).toBe('ok');
    const scale = JSON.parse(await kubectl.ok('get', '--raw', '/apis/apps/v1')) as {
      resources: { name: string }[];
    };
    expect(scale.resources.map(({ name }) => name)).toContain('deployments/scale');
    const metrics = await kubectl.ok('get', '--raw', '/metrics');
    expect(metrics).toMatch(/apiserver_request_total\{[^}]*verb="LIST"[^}]*code="200"\} \d+/);
    expect(metrics).toMatch(/apiserver_longrunning_requests\{[^}]*verb="WATCH"/);
    const missing = await kubectl.run('get', '--raw', '/apis/none.example.org/v1');
    expect(missing.stderr).toContain('(NotFound)');
  });

  test('cluster-info, and a dump of it', async () => {
    expect(await kubectl.ok('cluster-info')).toContain('Kubernetes control plane');
    const dump = await kubectl.ok('cluster-info', 'dump', '--namespaces', kubectl.namespace);
    expect(dump).toContain('"kind": "NodeList"');
  });

  test('proxy', async () => {
    const proxy = kubectl.start('proxy', '--port=0');
    const port = await proxy.says(/127\.0\.0\.1:(\d+)/);
    const url = `http://127.0.0.1:${port}/api/v1/namespaces/${kubectl.namespace}`;
    const answer = (await (await fetch(url)).json()) as { kind: string };
    expect(answer.kind).toBe('Namespace');
    proxy.child.kill();
  });
});
