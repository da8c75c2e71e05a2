import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';

const folder = join(import.meta.dirname, 'manifests');
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

/**
 * Manifests in the manner of projects that people install: they name most fields that such manifests
 * have. What is applied shows no difference, by either way of applying.
 */
describe.each(kubectlVersions().slice(-1))('kubectl $version', (version) => {
  const kubectl = useKubectl(version, 'manifests');
  const clusterScoped = [
    'clusterrole/conformance-metrics-agent',
    'clusterrolebinding/conformance-metrics-agent',
    'priorityclass/conformance-batch',
    'ingressclass/conformance-edge',
  ];
  afterAll(() => kubectl.run('delete', '--ignore-not-found', ...clusterScoped));

  it.each(files)('%s: apply, diff, apply --server-side, delete', async (file) => {
    const path = join(folder, file);
    const applied = await kubectl.ok('apply', '-f', path);
    const kinds = readFileSync(path, 'utf8').match(/^ {0,4}(- )?apiVersion:/gm) ?? [];
    const list = file === 'agent.yaml' ? 1 : 0;
    expect(applied.match(/ created$/gm)).toHaveLength(kinds.length - list);
    expect(await kubectl.run('diff', '-f', path)).toMatchObject({ code: 0, stdout: '' });
    expect(await kubectl.ok('apply', '-f', path)).not.toContain('created');
    await kubectl.ok('apply', '--server-side', '--force-conflicts', '-f', path);
    const again = await kubectl.run('diff', '--server-side', '--force-conflicts', '-f', path);
    expect(again).toEqual({ code: 0, stdout: '', stderr: '' });
    await kubectl.ok('describe', '-f', path);
    await kubectl.ok('delete', '--wait=false', '-f', path);
  });

  it('a kustomization with generators: apply, diff, delete', async () => {
    const overlay = join(folder, 'overlay');
    expect(await kubectl.ok('apply', '-k', overlay)).toMatch(
      /configmap\/staging-web-\w+ created\nsecret\/staging-web-\w+ created\ndeployment.apps\/staging-web created\n/,
    );
    expect((await kubectl.run('diff', '-k', overlay)).code).toBe(0);
    expect(await kubectl.ok('apply', '-k', overlay)).not.toMatch(/created|configured/);
    await kubectl.ok('rollout', 'status', 'deployment/staging-web', '--timeout=120s');
    await kubectl.ok('delete', '-k', overlay, '--wait=false');
  });
});
