import { describe, expect, it } from 'vitest';
import { defaultSchedulerConfig } from './config.ts';
import { parseFlags } from './flags.ts';

describe('the flags', () => {
  it('set what they name and leave the rest', () => {
    expect(parseFlags(['--servers', 'a:1,b:2', '--pod-max-backoff-ms', '70'], {})).toEqual({
      servers: ['a:1', 'b:2'],
      config: { ...defaultSchedulerConfig, podMaxBackoffMs: 70 },
    });
  });

  it('are refused with their name where they say nothing sensible', () => {
    expect(() => parseFlags([], {})).toThrow('--servers is required');
    expect(() => parseFlags(['--servers', 'a:1', '--pod-max-backoff-ms', 'x'], {})).toThrow(
      '--pod-max-backoff-ms',
    );
  });
});
