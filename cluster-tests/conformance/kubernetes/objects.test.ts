import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';
import { shellPod } from './objects.ts';

describe.each(kubectlVersions())('kubectl $version', (program) => {
  const kubectl = useKubectl(program, 'objects');

  const configMap = (name: string, data: object): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { made: 'here' } },
    data,
  });

  test('create, get in every form, describe, delete', async () => {
    await kubectl.ok('create', 'configmap', 'one', '--from-literal=a=1', '--from-literal=b=2');
    const again = await kubectl.run('create', 'configmap', 'one');
    expect(again.stderr).toContain('configmaps "one" already exists');
    expect(await kubectl.ok('get', 'cm', 'one')).toMatch(/^NAME +DATA +AGE\none +2 +\d+s\n$/);
    expect(await kubectl.ok('get', 'cm', 'one', '-o', 'name')).toBe('configmap/one\n');
    expect(await kubectl.ok('get', 'cm', 'one', '-o', 'jsonpath={.data.b}')).toBe('2');
    const columns = '-o=custom-columns=N:.metadata.name,A:.data.a';
    expect(await kubectl.ok('get', 'cm', 'one', columns)).toBe('N     A\none   1\n');
    expect(await kubectl.ok('get', 'cm', 'one', '-o', 'yaml')).toContain('  a: "1"\n');
    expect(await kubectl.ok('describe', 'cm', 'one')).toContain('Name:         one\n');
    expect(await kubectl.ok('delete', 'cm', 'one')).toContain('configmap "one" deleted');
    const gone = await kubectl.run('get', 'cm', 'one');
    expect(gone).toMatchObject({ code: 1 });
    expect(gone.stderr).toBe('Error from server (NotFound): configmaps "one" not found\n');
  });

  test('apply: what was left out goes, what others set stays', async () => {
    await kubectl.okWith(configMap('mine', { a: '1', b: '1' }), 'apply', '-f', '-');
    await kubectl.ok('annotate', 'cm', 'mine', 'note=theirs');
    const changed = configMap('mine', { a: '2' });
    expect(await kubectl.okWith(changed, 'diff', '-f', '-').catch(String)).toContain('+  a: "2"');
    expect(await kubectl.okWith(changed, 'apply', '-f', '-')).toBe('configmap/mine configured\n');
    expect(await kubectl.okWith(changed, 'apply', '-f', '-')).toBe('configmap/mine unchanged\n');
    const [data, note] = ['{.data}', '{.metadata.annotations.note}'];
    expect(await kubectl.ok('get', 'cm', 'mine', '-o', `jsonpath=${data} ${note}`)).toBe(
      '{"a":"2"} theirs',
    );
  });

  test('apply --server-side: owners of fields, conflicts, and force', async () => {
    const apply = ['apply', '--server-side', '-f', '-'];
    await kubectl.okWith(configMap('shared', { a: '1' }), ...apply, '--field-manager=one');
    const theirs = configMap('shared', { a: '2', b: '2' });
    const refused = await kubectl.runWith(JSON.stringify(theirs), ...apply, '--field-manager=two');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('conflict with "one": .data.a');
    await kubectl.okWith(theirs, ...apply, '--field-manager=two', '--force-conflicts');
    const jsonpath = '-o=jsonpath={.data}';
    expect(await kubectl.ok('get', 'cm', 'shared', jsonpath)).toBe('{"a":"2","b":"2"}');
    await kubectl.okWith(configMap('shared', { b: '2' }), ...apply, '--field-manager=two');
    expect(await kubectl.ok('get', 'cm', 'shared', jsonpath)).toBe('{"b":"2"}');
  });

  test('edit, replace, and every type of patch', async () => {
    await kubectl.okWith(configMap('patched', { a: '1' }), 'create', '-f', '-');
    const editor = join(kubectl.folder, 'editor');
    writeFileSync(editor, '#!/bin/sh\nsed -i s/\\"1\\"/\\"edited\\"/ "$1"\n', { mode: 0o700 });
    kubectl.env['EDITOR'] = editor;
    expect(await kubectl.ok('edit', 'cm', 'patched')).toBe('configmap/patched edited\n');
    const data = ['get', 'cm', 'patched', '-o', 'jsonpath={.data}'];
    expect(await kubectl.ok(...data)).toBe('{"a":"edited"}');
    await kubectl.ok('patch', 'cm', 'patched', '-p', '{"data":{"b":"2"}}');
    await kubectl.ok('patch', 'cm', 'patched', '--type=merge', '-p', '{"data":{"a":null}}');
    const patch = '[{"op":"add","path":"/data/c","value":"3"}]';
    await kubectl.ok('patch', 'cm', 'patched', '--type=json', '-p', patch);
    expect(await kubectl.ok(...data)).toBe('{"b":"2","c":"3"}');
    await kubectl.okWith(configMap('patched', { d: '4' }), 'replace', '-f', '-');
    expect(await kubectl.ok(...data)).toBe('{"d":"4"}');
  });

  test('label, annotate, and selectors over them', async () => {
    for (const name of ['l1', 'l2']) await kubectl.ok('create', 'configmap', name);
    await kubectl.ok('label', 'cm', 'l1', 'tier=front');
    await kubectl.ok('label', 'cm', 'l2', 'tier=back');
    const taken = await kubectl.run('label', 'cm', 'l2', 'tier=front');
    expect(taken.stderr).toContain("'tier' already has a value (back), and --overwrite is false");
    const names = async (...args: string[]): Promise<string> =>
      (await kubectl.ok('get', 'cm', '-o', 'name', ...args)).trim();
    expect(await names('-l', 'tier=front')).toBe('configmap/l1');
    expect(await names('-l', 'tier in (back,side)')).toBe('configmap/l2');
    expect(await names('--field-selector=metadata.name=l2', '-l', 'tier')).toBe('configmap/l2');
    expect(await names('-l', 'tier', '--sort-by=.metadata.labels.tier')).toBe(
      'configmap/l2\nconfigmap/l1',
    );
    expect(await names('-l', 'tier', '--chunk-size=1')).toBe('configmap/l1\nconfigmap/l2');
    await kubectl.ok('label', 'cm', 'l1', 'tier-');
    expect(await names('-l', '!tier,made!=here,!kubernetes.io/x')).toContain('configmap/l1');
    await kubectl.ok('delete', 'cm', '-l', 'tier');
  });

  test('what is wrong with an object is said before it is stored', async () => {
    const typo = { apiVersion: 'apps/v1', kind: 'Deploymnet', metadata: { name: 'x' } };
    const mistyped = await kubectl.runWith(JSON.stringify(typo), 'apply', '-f', '-');
    expect(mistyped.stderr).toContain('no matches for kind "Deploymnet" in version "apps/v1"');
    const unknown = { ...configMap('bad', {}), dta: {} };
    const strict = await kubectl.runWith(JSON.stringify(unknown), 'create', '-f', '-');
    expect(strict.stderr).toContain('unknown field "dta"');
    const warned = await kubectl.runWith(
      JSON.stringify(unknown),
      'create',
      '-f',
      '-',
      '--validate=warn',
      '--dry-run=server',
    );
    expect(warned).toMatchObject({ code: 0, stdout: 'configmap/bad created (server dry run)\n' });
    expect(warned.stderr).toContain('Warning: unknown field "dta"');
    const pod = shellPod('UPPER', 'true');
    const invalid = await kubectl.runWith(JSON.stringify(pod), 'create', '-f', '-');
    expect(invalid.stderr).toContain('The Pod "UPPER" is invalid: metadata.name: Invalid value');
    expect((await kubectl.run('get', 'cm', 'bad')).code).toBe(1);
  });

  test('kustomize', async () => {
    const folder = join(kubectl.folder, 'kustom');
    mkdirSync(folder);
    writeFileSync(join(folder, 'cm.json'), JSON.stringify(configMap('base', { a: '1' })));
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      'resources: [cm.json]\nnamePrefix: pre-\nconfigMapGenerator: [{name: made, literals: [x=y]}]\n',
    );
    const made = await kubectl.ok('apply', '-k', folder);
    expect(made).toMatch(/configmap\/pre-made-\w+ created/);
    expect(made).toContain('configmap/pre-base created');
    expect(await kubectl.ok('delete', '-k', folder)).toContain('"pre-base" deleted');
  });

  test('watch, and wait for a field', async () => {
    const watch = kubectl.start('get', 'cm', '--watch', '-o', 'name');
    await kubectl.ok('create', 'configmap', 'seen');
    await watch.says(/configmap\/seen/);
    watch.child.kill();
    const waiting = kubectl.ok(
      'wait',
      'cm/seen',
      '--for=jsonpath={.data.ready}=yes',
      '--timeout=120s',
    );
    await kubectl.ok('patch', 'cm', 'seen', '-p', '{"data":{"ready":"yes"}}');
    expect(await waiting).toBe('configmap/seen condition met\n');
    const gone = kubectl.ok('wait', 'cm/seen', '--for=delete', '--timeout=120s');
    await kubectl.ok('delete', 'cm', 'seen', '--wait=false');
    await gone;
  });

  test('create: a generator for every common kind', async () => {
    const made: readonly string[][] = [
      ['secret', 'generic', 's', '--from-literal=a=b'],
      ['secret', 'docker-registry', 'reg', '--docker-username=a', '--docker-password=b'],
      ['serviceaccount', 'sa'],
      ['role', 'r', '--verb=get', '--resource=pods'],
      ['rolebinding', 'rb', '--role=r', '--serviceaccount=default:sa'],
      ['job', 'j', '--image=busybox', '--', 'true'],
      ['cronjob', 'cj', '--image=busybox', '--schedule=0 0 1 1 *', '--', 'true'],
      ['quota', 'q', '--hard=configmaps=1000'],
      ['poddisruptionbudget', 'pdb', '--selector=app=x', '--min-available=1'],
      ['ingress', 'ing', '--rule=example.org/=web:80'],
      ['service', 'clusterip', 'cs', '--tcp=80:80'],
      ['service', 'nodeport', 'np', '--tcp=80:80'],
      ['service', 'externalname', 'en', '--external-name=example.org'],
    ];
    for (const args of made) expect(await kubectl.ok('create', ...args)).toContain(' created');
    expect(await kubectl.ok('get', 'svc', 'en')).toMatch(/en +ExternalName +<none> +example\.org/);
  });
});
