import { describe, expect, test } from 'vitest';
import { componentFlags } from './component-flags.ts';

describe('component flags', () => {
  test('own and common ones, the environment behind them', () => {
    const env = { QUORATE_NODE_NAME: 'from-environment', QUORATE_COLOUR: 'red' };
    const args = ['--servers', 'a:1,b:2', '--colour', 'blue', '--loud'];
    const flags = componentFlags(args, env, ['colour', 'node-name'], ['loud', 'shy']);
    expect(flags).toMatchObject({ servers: ['a:1', 'b:2'], tls: undefined });
    expect(flags.value('colour')).toBe('blue');
    expect(flags.required('node-name')).toBe('from-environment');
    expect(flags.switchedOn('loud')).toBe(true);
    expect(flags.switchedOn('shy')).toBe(false);
  });

  test.each([
    [[], /--servers is required/],
    [['--servers', 'a:1', '--nonsense'], /Unknown option '--nonsense'/],
    [['--servers', 'a:1', '--api-cert-file', '/nowhere'], /--api-cert-file: ENOENT/],
    [['--servers', 'a:1', '--api-token-file', '/nowhere'], /--api-token-file: ENOENT/],
    [['--servers', 'a:1', '--api-token-file', import.meta.filename], /--api-ca-file is required/],
  ])('%j is refused', (args, message) => {
    expect(() => componentFlags(args, {}, [])).toThrow(
      expect.objectContaining({ code: 'bad-request', message: expect.stringMatching(message) }),
    );
  });
});
