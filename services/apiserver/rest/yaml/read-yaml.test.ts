import { expect, it } from 'vitest';
import { readYaml } from './read-yaml.ts';

it.each([['['], ['{"a":'], ['{a: '], ['- '], ['? ']])(
  'refuses what is nested too deep: %s',
  (open) => {
    expect(() => readYaml(open.repeat(10_000))).toThrow('nested more than 400 levels deep');
  },
);

it('takes brackets in text for text', () => {
  const log = '[{'.repeat(10_000);
  expect(readYaml(`a: "${log}"\nb: |\n  ${log}\n`).json).toBe(
    JSON.stringify({ a: log, b: `${log}\n` }),
  );
  const flat = `[${'[], '.repeat(1_000)}]`;
  expect(JSON.parse(readYaml(flat).json)).toHaveLength(1_000);
});
