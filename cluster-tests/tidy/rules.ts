/** The habits of docs/architecture.md that a compiler cannot hold, each as a rule over one file. */
export interface Rule {
  readonly name: string;
  /** What to do instead, said to whoever broke it. */
  readonly instead: string;
  readonly applies: (path: string) => boolean;
  readonly forbids: RegExp;
  /** A line that must be caught and one that must not: the rule's own test. */
  readonly caught: string;
  readonly fine: string;
}

const isTest = (path: string): boolean =>
  path.endsWith('.test.ts') || path.includes('/testing/') || path.startsWith('cluster-tests/');
const isSource = (path: string): boolean => path.endsWith('.ts') && !isTest(path);
const isPure = (path: string): boolean =>
  isSource(path) &&
  /^shared\/(raft|mvcc|api|checks|base)\//.test(path) &&
  !path.includes('/build/');
const isHost = (path: string): boolean => isSource(path) && !path.includes('/build/');

export const rules: readonly Rule[] = [
  {
    name: 'pure cores know no time',
    instead: 'count ticks, or take the time as an argument',
    applies: isPure,
    forbids: /\bnew Date\(\)|\bDate\.now\b|\bperformance\.|\bset(Timeout|Interval|Immediate)\b/,
    caught: 'const at = Date.now();',
    fine: 'const at = new Date(nowMs).toISOString();',
  },
  {
    name: 'pure cores draw no randomness of their own',
    instead: 'take an Rng as a required argument',
    applies: isPure,
    forbids: /\bMath\.random\b|\bcrypto\b/,
    caught: 'const x = Math.random();',
    fine: 'const x = rng.next();',
  },
  {
    name: 'pure cores are synchronous',
    instead: 'return a value that says what the host has to do',
    applies: isPure,
    forbids: /\basync\b|\bawait\b|\bnew Promise\b|\bPromise</,
    caught: 'async function apply() {}',
    fine: 'function apply() {}',
  },
  {
    name: 'pure cores know no process and no Buffer',
    instead: 'bytes are Uint8Array; keys are latin1 strings',
    applies: isPure,
    forbids: /\bprocess\.|\bBuffer\.|: Buffer\b/,
    caught: 'const b = Buffer.from(text);',
    fine: 'const b = new Uint8Array(4);',
  },
  {
    name: 'timers come from a Clock',
    instead: 'take a Clock without a default; only shared/clock/system.ts has the real ones',
    applies: (path) =>
      // grpc-js lives in real time itself; the CLI is a person's tool.
      isHost(path) &&
      !/^(shared\/(clock\/system\.ts|rpc\/)|services\/cli\/)|\/main\.ts$/.test(path),
    forbids: /(?<![.\w])set(Timeout|Interval|Immediate)\(|\bDate\.now\(|\bperformance\.now\(/,
    caught: 'setTimeout(fn, 10);',
    fine: 'clock.after(10, fn);',
  },
  {
    name: 'only main.ts and the runtime touch the process',
    instead: 'take what you need as an argument',
    applies: (path) =>
      isHost(path) &&
      !/\/main\.ts$|^vitest\.(config|setup)\.ts$|^shared\/(runtime|lab)\/|^services\/cli\//.test(
        path,
      ),
    forbids: /\bprocess\.(exit|env|argv|on|stdout|stderr|cwd)\b/,
    caught: 'process.exit(1);',
    fine: 'process.hrtime.bigint();',
  },
  {
    name: 'doors name what they export',
    instead: 'export { a, b } from …',
    applies: (path) => path.endsWith('.ts'),
    forbids: /^export \* from/,
    caught: "export * from './types.ts';",
    fine: "export { a } from './types.ts';",
  },
  {
    name: 'no climbing imports',
    instead: "import from '#shared/x' or '#services/x'",
    applies: (path) => isSource(path),
    forbids: /from '(\.\.\/){3,}(?!shared\/rpc\/gen\/)/,
    caught: "import { x } from '../../../shared/base/index.ts';",
    fine: "import { x } from '#shared/base';",
  },
  {
    name: 'nothing is left over',
    instead: 'do it, or write an issue',
    applies: (path) => path.endsWith('.ts') && !path.startsWith('cluster-tests/tidy/'),
    forbids: /\b(TODO|FIXME|XXX|HACK)\b|@ts-ignore|@ts-nocheck|\b(test|it|describe)\.(skip|only)\(/,
    caught: '// TODO: later',
    fine: '// Done.',
  },
];
