import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { eventually } from '#shared/lab';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Program {
  readonly version: string;
  readonly path: string;
}

/** A command left running, with all that it has said so far. */
export class Running {
  readonly child: ChildProcess;
  readonly #what: string;
  #text = '';

  constructor(path: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#what = `kubectl ${args.join(' ')}`;
    this.child = spawn(path, args, { env });
    const collect = (chunk: Buffer): void => {
      this.#text += chunk.toString();
    };
    this.child.stdout?.on('data', collect);
    this.child.stderr?.on('data', collect);
  }

  /** Waits until it has said so: the first group, or all that matches. */
  says(pattern: RegExp): Promise<string> {
    return eventually(`${String(pattern)} from ${this.#what}`, () => {
      const found = pattern.exec(this.#text);
      if (found) return found[1] ?? found[0];
      throw new Error(`it said ${JSON.stringify(this.#text)}`);
    });
  }

  /** Its exit code, once it has ended. */
  ended(): Promise<number> {
    return eventually(`the end of ${this.#what}`, () => {
      if (this.child.exitCode !== null) return this.child.exitCode;
      throw new Error(`it said ${JSON.stringify(this.#text)}`);
    });
  }
}

/**
 * The oldest and the newest of the kubectl on PATH and its versioned siblings beside it, such as
 * `kubectl.1.27`: what works with both works with those between them.
 */
export function kubectlVersions(): Program[] {
  const folders = (process.env['PATH'] ?? '').split(':');
  const found = folders.map((folder) => join(folder, 'kubectl')).find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(
      'the Kubernetes conformance suite needs kubectl on PATH: see https://kubernetes.io/docs/tasks/tools/',
    );
  }
  const beside = dirname(realpathSync(found));
  const versioned = readdirSync(beside)
    .map((name) => /^kubectl\.1\.(\d+)$/.exec(name))
    .filter((match) => match !== null)
    .sort((a, b) => Number(a[1]) - Number(b[1]))
    .map(([name, minor]) => ({ version: `1.${minor}`, path: join(beside, name) }));
  const [oldest] = versioned;
  const newest = versioned.at(-1);
  if (!oldest || !newest) return [{ version: 'on PATH', path: found }];
  return oldest === newest ? [oldest] : [oldest, newest];
}

/** One kubectl in a namespace of its own, which goes after the tests of the surrounding block. */
export class Kubectl {
  readonly namespace: string;
  /** For files of the test's; gone after it. */
  readonly folder: string;
  /** Its cache and configuration are its own, not this machine's. */
  readonly env: NodeJS.ProcessEnv;
  readonly #path: string;
  readonly #running: Running[] = [];

  constructor({ path }: Program, namespace: string, kubeconfig = inject('kubeconfig')) {
    this.#path = path;
    this.namespace = namespace;
    this.folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
    this.env = { ...process.env, KUBECONFIG: kubeconfig, HOME: this.folder };
  }

  /** Runs one command, whatever its exit code; one that has a timeout of its own says itself what it waited for. */
  run(...args: string[]): Promise<Result> {
    return this.runWith('', ...args);
  }

  /** The same with `input` on its standard input. */
  runWith(input: string | Uint8Array, ...args: string[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      const options = { env: this.env, maxBuffer: 64 * 1024 * 1024, timeout: 200_000 };
      const child = execFile(this.#path, this.#args(args), options, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === 'number') resolve({ code, stdout, stderr });
        else reject(new Error(`kubectl ${args.join(' ')} did not end: ${stdout}${stderr}`));
      });
      // A command need not read its input.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }

  /** Runs one command, which must succeed, and gives its output. */
  async ok(...args: string[]): Promise<string> {
    return this.okWith('', ...args);
  }

  async okWith(input: string | object, ...args: string[]): Promise<string> {
    const text = typeof input === 'string' ? input : JSON.stringify(input);
    const { code, stdout, stderr } = await this.runWith(text, ...args);
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(' ')} exited with ${code}: ${stdout}${stderr}`);
  }

  /** Leaves a command running, until `stop` at the latest. */
  start(...args: string[]): Running {
    const running = new Running(this.#path, this.#args(args), this.env);
    this.#running.push(running);
    return running;
  }

  /** Ends what still runs, and takes its files away. */
  stop(): void {
    for (const { child } of this.#running) child.kill();
    rmSync(this.folder, { recursive: true });
  }

  /** Repeats a command until its output has `text`. */
  until(text: string | RegExp, ...args: string[]): Promise<string> {
    return eventually(`${String(text)} in kubectl ${args.join(' ')}`, async () => {
      const { stdout, stderr } = await this.run(...args);
      if (typeof text === 'string' ? stdout.includes(text) : text.test(stdout)) return stdout;
      throw new Error(`it said ${stdout}${stderr}`);
    });
  }

  #args(args: readonly string[]): string[] {
    return ['--namespace', this.namespace, ...args];
  }
}

/** Makes a namespace and waits for what every namespace is given: whoever counts or uses that would meet it half made. */
export async function makeNamespace(kubectl: Kubectl): Promise<void> {
  await kubectl.ok('create', 'namespace', kubectl.namespace);
  await kubectl.until(
    /^configmap\/kube-root-ca.crt\nserviceaccount\/default\n$/,
    'get',
    'configmaps,serviceaccounts',
    '-o',
    'name',
  );
}

/** A kubectl for the tests of this block; its namespace is made before and removed after them. */
export function useKubectl(program: Program, topic: string): Kubectl {
  const namespace = `${topic}-${program.version.replace(/[^0-9a-z]+/g, '-')}`;
  const kubectl = new Kubectl(program, namespace);
  beforeAll(() => makeNamespace(kubectl));
  afterAll(async () => {
    await kubectl.run('delete', 'namespace', namespace, '--wait=false');
    kubectl.stop();
  });
  return kubectl;
}
