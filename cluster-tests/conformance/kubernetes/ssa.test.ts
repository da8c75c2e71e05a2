import { describe, expect, test } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';

const labels = { app: 'web' };

const deployment = (name: string, replicas: number, image = 'busybox') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    // Nothing has to run for these tests.
    paused: true,
    replicas,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 80 }] }] },
    },
  },
});

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

interface Managed {
  readonly metadata: { readonly managedFields?: { manager: string; operation: string }[] };
}

describe.each(kubectlVersions())('kubectl $version', (program) => {
  const kubectl = useKubectl(program, 'ssa');
  const apply = (object: object, ...flags: string[]) =>
    kubectl.runWith(JSON.stringify(object), 'apply', '--server-side', '-f', '-', ...flags);

  async function managers(...target: string[]): Promise<string[]> {
    const text = await kubectl.ok('get', ...target, '-o', 'json', '--show-managed-fields');
    const { metadata } = JSON.parse(text) as Managed;
    return (metadata.managedFields ?? []).map(
      ({ manager, operation }) => `${manager} ${operation}`,
    );
  }

  test('apply --server-side: makes, leaves alone, conflicts, takes by force', async () => {
    const made = await apply(deployment('web', 1));
    expect(made.stdout).toBe('deployment.apps/web serverside-applied\n');
    expect((await apply(deployment('web', 1))).code).toBe(0);
    // Of what no controller writes to.
    const version = ['get', 'configmap', 'same', '-o', 'jsonpath={.metadata.resourceVersion}'];
    await apply(configMap('same', { a: 'b' }));
    const before = await kubectl.ok(...version);
    await apply(configMap('same', { a: 'b' }));
    expect(await kubectl.ok(...version)).toBe(before);
    const refused = await apply(deployment('web', 2), '--field-manager=ci');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^error: Apply failed with 1 conflict: conflict with "kubectl": \.spec\.replicas\n/,
    );
    expect(
      (await apply(deployment('web', 2), '--field-manager=ci', '--force-conflicts')).code,
    ).toBe(0);
    expect(await kubectl.ok('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}')).toBe(
      '2',
    );
    const image = deployment('web', 2, 'other');
    const both = await apply(image, '--field-manager=third');
    expect(both.stderr).toContain('Apply failed with 2 conflicts: conflicts with "ci":');
    expect(both.stderr).toContain('- .spec.template.spec.containers[name="main"].image');
  });

  test('who writes what: create, edit by patch, scale, status', async () => {
    await kubectl.ok('create', 'deployment', 'own', '--image=busybox', '--replicas=0');
    expect(await managers('deployment', 'own')).toContain('kubectl-create Update');
    await kubectl.ok('patch', 'deployment', 'own', '-p', '{"metadata":{"labels":{"a":"b"}}}');
    expect(await managers('deployment', 'own')).toContain('kubectl-patch Update');
    await kubectl.ok('label', 'deployment', 'own', 'c=d', '--field-manager=mine');
    expect(await managers('deployment', 'own')).toContain('mine Update');
    // Hidden unless they are asked for.
    expect(await kubectl.ok('get', 'deployment', 'own', '-o', 'yaml')).not.toContain(
      'managedFields',
    );
    await kubectl.ok('create', 'configmap', 'own', '--from-literal=a=b');
    const nobodys = '{"metadata":{"managedFields":[{}]}}';
    await kubectl.ok('patch', 'configmap', 'own', '--type=merge', '-p', nobodys);
    expect(await managers('configmap', 'own')).toEqual([]);
  });

  test('what an applier no longer says goes, unless somebody else says it too', async () => {
    await apply(configMap('shared', { one: '1', two: '2' }), '--field-manager=a');
    await apply(configMap('shared', { two: '2', three: '3' }), '--field-manager=b');
    await apply(configMap('shared', {}), '--field-manager=a');
    const data = await kubectl.ok('get', 'configmap', 'shared', '-o', 'jsonpath={.data}');
    expect(JSON.parse(data)).toEqual({ two: '2', three: '3' });
  });

  test('from client-side to server-side apply, and back', async () => {
    await kubectl.okWith(deployment('moved', 0), 'apply', '-f', '-');
    const moved = await apply(deployment('moved', 0, 'other'));
    expect(moved).toMatchObject({ code: 0, stdout: 'deployment.apps/moved serverside-applied\n' });
    expect(await managers('deployment', 'moved')).not.toContain('kubectl-client-side-apply Update');
    const next = deployment('moved', 0, 'other');
    expect(await kubectl.okWith(next, 'apply', '-f', '-')).toContain('deployment.apps/moved');
    const again = await kubectl.okWith(next, 'apply', '-f', '-');
    expect(again).toBe('deployment.apps/moved unchanged\n');
  });

  test('--dry-run=server and diff --server-side change nothing', async () => {
    const dry = await apply(configMap('dry', { a: 'b' }), '--dry-run=server');
    expect(dry.stdout).toBe('configmap/dry serverside-applied (server dry run)\n');
    expect((await kubectl.run('get', 'configmap', 'dry')).code).toBe(1);
    await apply(configMap('seen', { a: 'b' }));
    const next = JSON.stringify(configMap('seen', { a: 'c' }));
    const diff = await kubectl.runWith(next, 'diff', '--server-side', '-f', '-');
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain('-  a: b\n+  a: c\n');
    expect(await kubectl.ok('get', 'configmap', 'seen', '-o', 'jsonpath={.data.a}')).toBe('b');
  });

  test('what is wrong with a configuration is said', async () => {
    const typo = { ...configMap('typo', {}), dta: { a: 'b' } };
    expect((await apply(typo)).stderr).toContain('unknown field "dta"');
    const twice = deployment('twice', 0);
    const [container] = twice.spec.template.spec.containers;
    if (container) twice.spec.template.spec.containers.push(container);
    expect((await apply(twice)).stderr).toContain(
      '.spec.template.spec.containers: duplicate entries for key [name="main"]',
    );
  });
});
