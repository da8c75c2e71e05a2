import { expect, it } from 'vitest';
import { parseProxyName } from './backends.ts';

it.each([
  ['web', 'http', 'web', ''],
  ['web:80', 'http', 'web', '80'],
  ['web:admin', 'http', 'web', 'admin'],
  ['https:web:443', 'https', 'web', '443'],
  ['https:web:', 'https', 'web', ''],
])('%s', (text, scheme, name, port) => {
  expect(parseProxyName(text)).toEqual({ scheme, name, port });
});

it.each(['ftp:web:21', 'a:b:c:d'])('refuses %s', (text) => {
  expect(() => parseProxyName(text)).toThrow(`invalid service request "${text}"`);
});
