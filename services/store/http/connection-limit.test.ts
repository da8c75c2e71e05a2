import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Connections, connectionsMax, openFilesMax } from './connection-limit.ts';

test('clients leave the files that the member needs itself', () => {
  expect(connectionsMax(1024)).toBe(874);
  expect(connectionsMax(160)).toBe(40);
  expect(connectionsMax(Infinity)).toBe(Infinity);
});

test('the limit is read as Linux says it', () => {
  const line = (soft: string): string =>
    `Max processes             95   95   processes\nMax open files            ${soft}                524288               files     \n`;
  expect(openFilesMax(line('1024'))).toBe(1024);
  expect(openFilesMax(line('unlimited'))).toBe(Infinity);
  expect(openFilesMax('')).toBe(Infinity);
});

test('one that goes makes room for another', () => {
  const connections = new Connections(1);
  const [one, two] = [new Socket(), new Socket()];
  expect(connections.refusal(one)).toBeUndefined();
  expect(connections.refusal(two)).toMatch(/^1 clients are connected, .*ulimit -n/);
  one.emit('close');
  expect(connections.refusal(two)).toBeUndefined();
});
