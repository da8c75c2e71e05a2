import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { ProtoGrpcType } from './gen/health.ts';
import { healthService } from './health.ts';
import { loadProto } from './load.ts';
import { createServer, listen } from './server.ts';

test('a server says that it serves, and of what it knows nothing', async () => {
  const server = createServer();
  const { definition, handlers } = healthService();
  server.addService(definition, { ...handlers });
  const address = `127.0.0.1:${await listen(server, '127.0.0.1:0')}`;
  const { Health } = loadProto<ProtoGrpcType>('grpc/health.proto').grpc.health.v1;
  const client = new Health(address, credentials.createInsecure());
  const check = (service: string): Promise<unknown> =>
    new Promise((resolve) => {
      client.Check({ service }, (error, response) => resolve(error?.details ?? response?.status));
    });
  expect(await check('')).toBe('SERVING');
  expect(await check('nope')).toBe('unknown service');
  const watching = client.Watch({ service: '' });
  watching.on('error', () => undefined);
  const first = await new Promise((resolve) => {
    watching.on('data', resolve);
  });
  expect(first).toEqual({ status: 'SERVING' });
  watching.cancel();
  client.close();
  server.forceShutdown();
});
