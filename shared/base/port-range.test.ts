import { expect, it } from 'vitest';
import { parsePortRange } from './port-range.ts';

it('is two ports and all between them', () => {
  expect(parsePortRange('--ports', '30000-32767')).toEqual({ first: 30_000, last: 32_767 });
  expect(parsePortRange('--ports', '80-80')).toEqual({ first: 80, last: 80 });
});

it.each(['', '30000', '0-10', '20-10', '1-65536', 'a-b', '1-2-3', '-5'])(
  'refuses "%s" and names the setting',
  (text) => {
    expect(() => parsePortRange('--ports', text)).toThrow('for --ports');
  },
);
