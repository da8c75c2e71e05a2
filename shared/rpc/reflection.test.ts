import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServerReflectionRequest } from './gen/grpc/reflection/v1/ServerReflectionRequest.ts';
import type { ServerReflectionResponse__Output } from './gen/grpc/reflection/v1/ServerReflectionResponse.ts';
import type { ProtoGrpcType as Reflection } from './gen/reflection.ts';
import type { ProtoGrpcType as Locks } from './gen/v3lock.ts';
import { loadProto } from './load.ts';
import { addReflection } from './reflection.ts';
import { createServer, listen } from './server.ts';

const server = createServer();
const { etcdserverpb, v3lockpb } = loadProto<Locks>('etcd/v3lock.proto');
const { ServerReflection } = loadProto<Reflection>('grpc/reflection.proto').grpc.reflection.v1;
let client: InstanceType<typeof ServerReflection>;
beforeAll(async () => {
  addReflection(server, [etcdserverpb.KV.service, v3lockpb.Lock.service]);
  const port = await listen(server, '127.0.0.1:0');
  client = new ServerReflection(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  server.forceShutdown();
});

async function ask(
  request: ServerReflectionRequest,
  path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
): Promise<ServerReflectionResponse__Output> {
  const method = ServerReflection.service.ServerReflectionInfo;
  const call = client.makeBidiStreamRequest(
    path,
    method.requestSerialize,
    method.responseDeserialize,
  );
  call.write(request);
  call.end();
  for await (const response of call) return response as ServerReflectionResponse__Output;
  throw new Error('no answer');
}

test('names the services, under both names of itself', async () => {
  for (const version of ['v1', 'v1alpha']) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const { list_services_response: list } = await ask({ list_services: '*' }, path);
    expect(list?.service.map(({ name }) => name)).toEqual([
      'etcdserverpb.KV',
      'v3lockpb.Lock',
      'grpc.reflection.v1.ServerReflection',
    ]);
  }
});

test('a client that knows nothing can build the services from what it is told', async () => {
  const { file_descriptor_response: files } = await ask({
    file_containing_symbol: 'v3lockpb.Lock.Unlock',
  });
  const protos = files?.file_descriptor_proto ?? [];
  const set = Buffer.concat(
    protos.map((bytes) => {
      const length = Buffer.of((bytes.length & 0x7f) | 0x80, bytes.length >>> 7);
      return Buffer.concat([
        Buffer.of(0x0a),
        bytes.length < 128 ? Buffer.of(bytes.length) : length,
        bytes,
      ]);
    }),
  );
  const loaded = loadPackageDefinition(loadFileDescriptorSetFromBuffer(set)) as unknown as Locks;
  const { requestSerialize } = loaded.v3lockpb.Lock.service.Lock;
  const request = { name: Buffer.from('n'), lease: '7' };
  expect(requestSerialize(request)).toEqual(v3lockpb.Lock.service.Lock.requestSerialize(request));
});

test('files say which others they need, as strict clients check', async () => {
  const { file_descriptor_response: files } = await ask({ file_by_filename: 'v3lockpb.proto' });
  const [lock] = files?.file_descriptor_proto ?? [];
  // Field 3, `dependency`.
  expect(lock?.includes(Buffer.from('\x1a\x12etcdserverpb.proto'))).toBe(true);
  const missing = await ask({ file_containing_symbol: 'no.such.Symbol' });
  expect(missing.error_response?.error_code).toBe(5);
  expect((await ask({})).error_response?.error_code).toBe(3);
});
