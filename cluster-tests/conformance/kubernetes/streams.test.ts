import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { kubectlVersions, useKubectl } from './kubectl.ts';
import { server, shellPod } from './objects.ts';

describe.each(kubectlVersions())('kubectl $version', (program) => {
  const kubectl = useKubectl(program, 'streams');

  beforeAll(async () => {
    const script = `trap 'exit 0' TERM; node -e "${server}" & echo started; wait`;
    await kubectl.okWith(shellPod('web', script), 'apply', '-f', '-');
    await kubectl.until('listening', 'logs', 'web');
    await kubectl.ok('wait', '--for=condition=Ready', 'pod/web', '--timeout=120s');
  });

  test('exec: both outputs, and the exit code of the command', async () => {
    const script = 'echo out; echo err >&2; exit 7';
    const { code, stdout, stderr } = await kubectl.run('exec', 'web', '--', 'sh', '-c', script);
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'out\n' });
    expect(stderr).toBe('err\ncommand terminated with exit code 7\n');
  });

  test('exec -i: the input arrives whole, and its end', async () => {
    const text = randomBytes(1_000_000).toString('base64');
    const { stdout } = await kubectl.runWith(text, 'exec', '-i', 'web', '--', 'cat');
    expect(stdout === text).toBe(true);
    const some = await kubectl.runWith(text, 'exec', '-i', 'web', '--', 'head', '-c', '3');
    expect(some).toMatchObject({ code: 0, stdout: text.slice(0, 3) });
  });

  test('exec: what is in the way is said', async () => {
    const missing = await kubectl.run('exec', 'web', '--', 'no-such-program');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('exec: "no-such-program": executable file not found in $PATH');
    const nobody = await kubectl.run('exec', 'nobody', '--', 'ls');
    expect(nobody.stderr).toBe('Error from server (NotFound): pods "nobody" not found\n');
    const container = await kubectl.run('exec', 'web', '-c', 'other', '--', 'ls');
    expect(container.stderr).toContain('container other is not valid for pod web');
  });

  test('cp: there and back', async () => {
    const [here, back] = [join(kubectl.folder, 'here'), join(kubectl.folder, 'back')];
    const there = join(kubectl.folder, 'there');
    writeFileSync(here, randomBytes(300_000));
    await kubectl.ok('cp', here, `web:${there}`);
    await kubectl.ok('cp', `web:${there}`, back);
    expect(readFileSync(back).equals(readFileSync(here))).toBe(true);
  });

  test('port-forward: several connections at once, and one that is refused', async () => {
    const forward = kubectl.start('port-forward', 'pod/web', ':8080');
    const port = await forward.says(/127\.0\.0\.1:(\d+)/);
    const body = randomBytes(500_000);
    const answers = await Promise.all(
      [1, 2, 3].map(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
        return answer.text();
      }),
    );
    expect(answers).toEqual(['500000', '500000', '500000']);
    forward.child.kill();
    const refused = kubectl.start('port-forward', 'pod/web', ':9');
    const closed = await refused.says(/127\.0\.0\.1:(\d+)/);
    await expect(fetch(`http://127.0.0.1:${closed}/`)).rejects.toThrow('fetch failed');
    await refused.says(/ECONNREFUSED/);
    refused.child.kill();
  });

  test('proxy: to pods and services, as they are', async () => {
    await kubectl.ok('expose', 'pod', 'web', '--port=80', '--target-port=8080');
    const base = `/api/v1/namespaces/${kubectl.namespace}`;
    expect(await kubectl.ok('get', '--raw', `${base}/pods/web:8080/proxy/`)).toBe('0');
    await kubectl.until(/^0$/, 'get', '--raw', `${base}/services/web:80/proxy/x?y=%2F`);
    const proxy = kubectl.start('proxy', '--port=0');
    const port = await proxy.says(/127\.0\.0\.1:(\d+)/);
    const url = `http://127.0.0.1:${port}${base}/services/web/proxy`;
    const body = randomBytes(500_000);
    const answer = await fetch(`${url}/`, { method: 'POST', body });
    expect(await answer.text()).toBe('500000');
    const moved = await fetch(url, { redirect: 'manual' });
    expect(moved.status).toBe(301);
    proxy.child.kill();
    const refused = await kubectl.run('get', '--raw', `${base}/pods/web:9/proxy/`);
    expect(refused.stderr).toContain('(ServiceUnavailable): error trying to reach service:');
    const unknown = await kubectl.run('get', '--raw', `${base}/services/web:81/proxy/`);
    expect(unknown.stderr).toContain('no service port "81" found for service "web"');
    const other = await kubectl.run('get', '--raw', `${base}/pods/web:8080/proxy/`, '--as=nobody');
    expect(other.stderr).toContain('cannot get resource "pods/proxy"');
    await kubectl.ok('delete', 'service', 'web');
  });

  test('proxy: to the agent of a node', async () => {
    const node = await kubectl.ok('get', 'pod', 'web', '-o', 'jsonpath={.spec.nodeName}');
    const base = `/api/v1/nodes/${node}`;
    const metrics = await kubectl.ok('get', '--raw', `${base}/proxy/metrics`);
    expect(metrics).toMatch(/^kubelet_running_pods [1-9]/m);
    expect(metrics).toMatch(/^kubelet_running_containers\{container_state="running"\} [1-9]/m);
    const unknown = await kubectl.run('get', '--raw', `${base}/proxy/none`);
    expect(unknown.code).toBe(1);
    const port = await kubectl.run('get', '--raw', `${base}:1/proxy/metrics`);
    expect(port.stderr).toContain("only its agent's");
    const other = await kubectl.run('get', '--raw', `${base}/proxy/metrics`, '--as=nobody');
    expect(other.stderr).toContain('cannot get resource "nodes/proxy"');
  });

  test('run -i --rm: attaches, and takes the exit code over', async () => {
    const run = ['run', 'once', '--image=busybox', '--restart=Never', '-i', '--rm', '--', 'sh'];
    const { code, stdout } = await kubectl.runWith('echo "got it"; exit 5\n', ...run);
    expect(stdout).toContain('got it\n');
    expect(code).toBe(5);
  });

  test('attach: what is written from then on', async () => {
    const script = 'while :; do echo tick; sleep 0.1; done';
    await kubectl.okWith(shellPod('clock', script), 'apply', '-f', '-');
    await kubectl.ok('wait', '--for=condition=Ready', 'pod/clock', '--timeout=120s');
    const attached = kubectl.start('attach', 'clock');
    await attached.says(/tick\ntick\n/);
    await kubectl.ok('delete', 'pod', 'clock');
    await attached.ended();
  });

  test('logs: tail, times, since, and following to the end', async () => {
    const script = 'for i in 1 2 3 4 5; do echo line $i; done; sleep 3; echo late';
    const pod = shellPod('talk', script, { restartPolicy: 'Never' });
    await kubectl.okWith(pod, 'apply', '-f', '-');
    await kubectl.until('line 1', 'logs', 'talk');
    expect(await kubectl.ok('logs', '-f', 'talk')).toContain('line 5\nlate\n');
    expect(await kubectl.ok('logs', 'talk', '--tail=2')).toBe('line 5\nlate\n');
    expect(await kubectl.ok('logs', 'talk', '--limit-bytes=6')).toBe('line 1');
    const timed = await kubectl.ok('logs', 'talk', '--timestamps');
    const times = timed
      .trimEnd()
      .split('\n')
      .map((line) => Date.parse(line.split(' ')[0] ?? ''));
    expect(times).toHaveLength(6);
    const [first = 0] = times;
    const last = times.at(-1) ?? 0;
    expect(last - first).toBeGreaterThan(1_000);
    // kubectl asks for whole seconds.
    const since = new Date(last).toISOString();
    expect(await kubectl.ok('logs', 'talk', `--since-time=${since}`)).toContain('late\n');
    expect(await kubectl.ok('logs', 'talk', `--since-time=${since}`)).not.toContain('line 5');
  });
});
