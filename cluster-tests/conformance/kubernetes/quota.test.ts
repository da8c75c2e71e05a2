import { describe, expect, it } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';

const newest = kubectlVersions().slice(-1);

describe.each(newest)('kubectl $version', (version) => {
  const kubectl = useKubectl(version, 'quota');

  it('create quota: what is used is counted, refused beyond it, and given back', async () => {
    const hard = 'pods=2,requests.cpu=1,count/deployments.apps=1,configmaps=3';
    await kubectl.ok('create', 'quota', 'small', `--hard=${hard}`);
    await kubectl.until('0', 'get', 'quota', 'small', '-o', 'jsonpath={.status.used.pods}');
    const run = (name: string, cpu: string) =>
      kubectl.run(
        'run',
        name,
        '--image=busybox',
        '--restart=Never',
        `--overrides={"spec":{"containers":[{"name":"${name}","image":"busybox","command":["sleep","1000"],"resources":{"requests":{"cpu":"${cpu}"}}}]}}`,
      );
    expect((await run('one', '600m')).code).toBe(0);
    const refused = await run('two', '500m');
    expect(refused.stderr).toBe(
      'Error from server (Forbidden): pods "two" is forbidden: exceeded quota: small, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1\n',
    );
    const silent = await kubectl.run('run', 'three', '--image=busybox');
    expect(silent.stderr).toBe(
      'Error from server (Forbidden): pods "three" is forbidden: failed quota: small: must specify requests.cpu for: three\n',
    );
    const described = await kubectl.ok('describe', 'quota', 'small');
    expect(described).toMatch(/requests\.cpu +600m +1\n/);
    expect(await kubectl.ok('get', 'quota', 'small')).toContain('requests.cpu: 600m/1');
    await kubectl.ok('delete', 'pod', 'one', '--now');
    await kubectl.until(
      /^0 0$/,
      'get',
      'quota',
      'small',
      '-o',
      'jsonpath={.status.used.pods} {.status.used.requests\\.cpu}',
    );
  });

  it('what controllers make is held to it, and says so', async () => {
    await kubectl.ok(
      'create',
      'deployment',
      'd',
      '--image=busybox',
      '--replicas=3',
      '--',
      'sleep',
      '1000',
    );
    await kubectl.until(
      'must specify requests.cpu',
      'get',
      'events',
      '--field-selector=reason=FailedCreate',
    );
    const { stderr } = await kubectl.run('create', 'deployment', 'e', '--image=busybox');
    expect(stderr).toContain(
      'deployments.apps "e" is forbidden: exceeded quota: small, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1',
    );
    await kubectl.ok('delete', 'deployment', 'd');
    await kubectl.ok('delete', 'quota', 'small');
  });
});
