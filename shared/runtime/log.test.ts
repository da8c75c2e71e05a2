import { expect, test } from 'vitest';
import { createLogger } from './log.ts';

test('createLogger: a child overrides a field of its parent, and no line has a key twice', () => {
  const lines: string[] = [];
  const log = createLogger(
    { level: 'info', component: 'master-1' },
    { write: (line) => lines.push(line) },
  );
  log
    .child({ component: 'apiserver', node: 'a' })
    .child({ node: 'b' })
    .info({ port: 1 }, 'listening');
  const [line = ''] = lines;
  expect(JSON.parse(line)).toMatchObject({
    component: 'apiserver',
    node: 'b',
    port: 1,
    msg: 'listening',
  });
  expect(line.match(/"component"/g)).toHaveLength(1);
  expect(line.match(/"node"/g)).toHaveLength(1);
});
