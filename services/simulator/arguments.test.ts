import { describe, expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

describe('arguments', () => {
  test('a seed alone is one run; SEED says the same', () => {
    expect(parseArguments(['--seed', '7'], {})).toMatchObject({ seed: 7, seeds: 1 });
    expect(parseArguments([], { SEED: '7' })).toMatchObject({ seed: 7, seeds: 1 });
    expect(parseArguments(['--seed', '7', '--minutes', '2'], {})).toMatchObject({
      seed: 7,
      seeds: 1000,
      minutes: 2,
    });
  });

  test('without any: a thousand seeds or ten minutes, from wherever the caller likes', () => {
    expect(parseArguments([], { HOME: '/home/x' })).toMatchObject({
      seed: undefined,
      seeds: 1000,
      minutes: 10,
      corpus: '/home/x/.local/state/quorate-simulation',
    });
  });

  test.each([
    [['--seeds', 'many'], /--seeds/],
    [['--members', '0'], /from 1 to 7/],
    [['--nonsense'], /Unknown option/],
    [['stray'], /positional/],
  ])('%j is refused', (args, error) => {
    expect(() => parseArguments(args, {})).toThrow(error);
  });
});
