import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, type Lab, startLab } from '#shared/lab';

/** What is wrong gets one clear message that names the field, and changes nothing. */
let lab: Lab;

const configMap = (extra: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n${extra}`;

const deployment = (spec: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\nspec:\n${spec}`;

const goodTemplate =
  '  selector: {matchLabels: {app: x}}\n' +
  '  template:\n    metadata: {labels: {app: x}}\n    spec: {containers: [{name: c, image: i}]}\n';

const cases: [what: string, manifest: string, message: RegExp][] = [
  ['not YAML', 'a: [1, 2\nb: }', /error parsing|YAML/i],
  ['not an object', '- 1\n- 2\n', /object/i],
  ['no kind', 'apiVersion: v1\nmetadata: {name: x}\n', /kind/i],
  [
    'unknown kind',
    'apiVersion: v1\nkind: Gizmo\nmetadata: {name: x}\n',
    /no matches for kind "Gizmo"/,
  ],
  [
    'bad name',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Under_Score}\n',
    /metadata\.name/,
  ],
  ['wrong type', deployment(`  replicas: three\n${goodTemplate}`), /spec\.replicas/],
  ['unknown field', configMap('dtaa: {a: b}\n'), /unknown field "dtaa"/],
  [
    'selector that misses its template',
    deployment(goodTemplate.replace('app: x}}\n', 'app: y}}\n')),
    /selector/,
  ],
  ['bad label value', configMap('  labels: {a: "no spaces please"}\n'), /metadata\.labels/],
  ['missing image and command', deployment(goodTemplate.replace(', image: i', '')), /image/],
  [
    'oversized',
    configMap(`data: {big: "${'x'.repeat(2_000_000)}"}\n`),
    /too (large|long|big)|limit|at most/i,
  ],
];

beforeAll(async () => {
  lab = await startLab({ workers: 1 });
  // What a new cluster makes by itself, so that what is there changes no more.
  await eventually('an authority in every namespace, and the API’s Service', async () => {
    const { stdout } = await lab.quorateOk('get', 'ns,cm,svc', '-A', '-o', 'name');
    const count = (what: RegExp): number => stdout.match(what)?.length ?? 0;
    const settled =
      count(/^namespace\//gm) === count(/^configmap\/kube-root-ca.crt$/gm) &&
      count(/^service\/kubernetes$/gm) === 1;
    if (!settled) throw new Error(stdout);
    return true;
  });
});
afterAll(() => lab.destroy());

describe('apply', () => {
  test.each(cases)('%s', async (_what, manifest, message) => {
    const before = await lab.quorateOk('get', 'all,configmaps', '-A', '-o', 'name');
    const result = await lab.quorateWith(manifest, 'apply', '-f', '-');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(message);
    expect(result.stderr.trim().split('\n').length).toBeLessThanOrEqual(5);
    expect(result.stderr).not.toMatch(/\bat .*\.(ts|js):\d+/);
    const after = await lab.quorateOk('get', 'all,configmaps', '-A', '-o', 'name');
    expect(after.stdout).toBe(before.stdout);
  });
});

describe('commands', () => {
  test.each([
    [['get', 'gizmos'], /the server doesn't have a resource type "gizmos"/],
    [['get', 'pods', 'nobody'], /pods "nobody" not found/],
    [['get', 'pods', '-l', 'a in ('], /selector/i],
    [['get', 'pods', '--field-selector', 'spec.colour=red'], /spec\.colour/],
    [['logs', 'nobody'], /pods "nobody" not found/],
    [['logs', 'nobody', '--since=soon'], /invalid duration "soon" for --since/],
    [['logs', 'nobody', '--since=1m', '--since-time=x'], /at most one of/],
    [['apply', '-f', 'no/such/file.yaml'], /no\/such\/file\.yaml/],
    [['frobnicate'], /unknown command/],
    [['scale', 'deployment', 'x', '--replicas=-1'], /replicas/],
    [['kill', 'master-9'], /master-9/],
  ])('%j', async (args, message) => {
    const result = await lab.quorate(...args);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\bat .*\.(ts|js):\d+/);
  });

  test('a stale update is a conflict and changes nothing', async () => {
    await lab.quorateWith(configMap('data: {a: "1"}\n'), 'apply', '-f', '-');
    const stale = await lab.quorateOk('get', 'configmap', 'x', '-o', 'json');
    await lab.quorateWith(configMap('data: {a: "2"}\n'), 'apply', '-f', '-');
    const result = await lab.quorateWith(stale.stdout, 'replace', '-f', '-');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/the object has been modified/);
    const now = await lab.json<{ data: { a: string } }>('get', 'configmap', 'x');
    expect(now.data.a).toBe('2');
  });
});
