import { expect, test } from 'vitest';
import { lackingSettings, type ReplaceableProcess, startAnew } from './start-anew.ts';

const settings = {
  flags: { '--v8-pool-size': '1', '--max-semi-space-size': '16' },
  env: { MALLOC_TOP_PAD_: '0' },
};

test('what is missing is added, and what somebody has chosen stays', () => {
  expect(lackingSettings({ execArgv: [], env: {} }, settings)).toEqual({
    flags: ['--v8-pool-size=1', '--max-semi-space-size=16'],
    env: { MALLOC_TOP_PAD_: '0' },
  });
  const chosen = {
    execArgv: ['--max_semi_space_size=2'],
    env: { NODE_OPTIONS: '--v8-pool-size=4' },
  };
  expect(lackingSettings(chosen, settings)).toEqual({ flags: [], env: { MALLOC_TOP_PAD_: '0' } });
});

test('a process begins anew once, with its own flags and arguments', () => {
  const begun: { args: readonly string[]; env: NodeJS.ProcessEnv }[] = [];
  const host = (execArgv: string[], env: NodeJS.ProcessEnv): ReplaceableProcess => ({
    argv: ['/node', '/quorate.js', 'store', '--name', 'a'],
    execArgv,
    execPath: '/node',
    env,
    // As Node.js has it, but that this one goes on.
    execve: ((_file: string, args: readonly string[], given: NodeJS.ProcessEnv) => {
      begun.push({ args, env: given });
    }) as NonNullable<ReplaceableProcess['execve']>,
  });
  startAnew(host(['--enable-source-maps'], { HOME: '/x' }), settings);
  const [{ args, env } = { args: [], env: {} }] = begun;
  const flags = ['--enable-source-maps', '--v8-pool-size=1', '--max-semi-space-size=16'];
  expect(args).toEqual(['/node', ...flags, '/quorate.js', 'store', '--name', 'a']);
  expect(env).toEqual({ HOME: '/x', MALLOC_TOP_PAD_: '0' });
  startAnew(host(flags, env), settings);
  expect(begun).toHaveLength(1);
});

test('where Node.js cannot, it goes on as it is', () => {
  const host = { argv: [], execArgv: [], execPath: '/node', env: {} };
  expect(() => startAnew(host as unknown as ReplaceableProcess, settings)).not.toThrow();
});
