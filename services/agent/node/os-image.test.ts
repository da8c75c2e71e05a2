import { expect, test } from 'vitest';
import { prettyName } from './os-image.ts';

test.each([
  [
    'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    'Debian GNU/Linux 12 (bookworm)',
  ],
  ["PRETTY_NAME='Arch Linux'\nID=arch", 'Arch Linux'],
  ['PRETTY_NAME=Alpine', 'Alpine'],
  ['NAME=x\n', undefined],
  ['PRETTY_NAME=""', undefined],
  ['', undefined],
])('%j is %j', (text, name) => {
  expect(prettyName(text)).toBe(name);
});
