import type { Server } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { type KubeObject, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { systemClock } from '#shared/clock';
import { createServer, handleUnary, listen, loadProto, shutdown, toStatus } from '#shared/rpc';
import type { ProtoGrpcType as NodesProto } from '../rpc/gen/nodes.ts';
import type { NodesHandlers } from '../rpc/gen/quorate/v1/Nodes.ts';
import type { ResourcesHandlers } from '../rpc/gen/quorate/v1/Resources.ts';
import type { ProtoGrpcType as ResourcesProto } from '../rpc/gen/resources.ts';
import { createGrpcApiClient, type GrpcApiClient } from './grpc-api-client.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A server that says its own name in every object, on a port of the system's choice. */
async function serve(name: string, handlers: Partial<ResourcesHandlers & NodesHandlers> = {}) {
  const { v1 } = loadProto<ResourcesProto & NodesProto>(
    'quorate/v1/resources.proto',
    'quorate/v1/nodes.proto',
  ).quorate;
  const server = createServer();
  const json = Buffer.from(JSON.stringify({ metadata: { name } }));
  server.addService(v1.Resources.service, {
    Get: handleUnary(() => Promise.resolve({ json })),
    Watch(call: { write(event: object): void }) {
      call.write({ type: 'ADDED', json });
    },
    ...handlers,
  });
  server.addService(v1.Nodes.service, {
    Heartbeat(call: { on(event: string, fn: () => void): void; write(beat: object): void }) {
      call.on('data', () => call.write({ renew_time: name, unknown_node: false }));
    },
    ...handlers,
  });
  const port = await listen(server, '127.0.0.1:0');
  cleanups.push(() => stop(server));
  return { server, address: `127.0.0.1:${port}` };
}

/** As `kill -9` does it: connections break. */
async function stop(server: Server): Promise<void> {
  server.forceShutdown();
  await shutdown(server, 0);
}

function clientOf(...servers: string[]): GrpcApiClient {
  const client = createGrpcApiClient({ servers, clock: systemClock });
  cleanups.push(() => client.close());
  return client;
}

const nameOf = (object: KubeObject): string | undefined => object.metadata?.name;

describe('the API client over gRPC', () => {
  it('fails over to the next server, and says who could not be reached', async () => {
    const [a, b] = [await serve('a'), await serve('b')];
    const client = clientOf(a.address, b.address);
    expect(nameOf(await client.get(refs.pods, 'x', 'default'))).toBe('a');
    await stop(a.server);
    expect(nameOf(await client.get(refs.pods, 'x', 'default'))).toBe('b');
    await stop(b.server);
    await expect(client.get(refs.pods, 'x', 'default')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('creates through another server when the first one is not there', async () => {
    const created: string[] = [];
    const a = await serve('a');
    await stop(a.server);
    const b = await serve('b', {
      Create(call, callback) {
        created.push(call.request.json.toString());
        callback(null, { json: call.request.json });
      },
    });
    const client = clientOf(a.address, b.address);
    await client.create(refs.pods, { metadata: { name: 'x', namespace: 'default' } });
    expect(created).toHaveLength(1);
  });

  it('hands over the error that the server threw', async () => {
    const error = new QuorateError('not-found', 'pods "x" not found', {
      details: { kind: 'pods', name: 'x' },
    });
    const a = await serve('a', {
      Get: (_call, callback) => callback(toStatus(error)),
    });
    const thrown: unknown = await clientOf(a.address)
      .get(refs.pods, 'x', 'default')
      .catch((caught: unknown) => caught);
    expect(QuorateError.is(thrown, 'not-found')).toBe(true);
    expect(QuorateError.from(thrown)).toMatchObject({
      message: error.message,
      details: error.details,
    });
  });

  it('ends a watch with unavailable when its server dies, and quietly when aborted', async () => {
    const a = await serve('a');
    const client = clientOf(a.address);
    const seen: (string | undefined)[] = [];
    const reading = (async () => {
      for await (const event of client.watch(refs.pods)) {
        seen.push(nameOf(event.object));
        await stop(a.server);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'unavailable' });
    expect(seen).toEqual(['a']);

    const b = await serve('b');
    const controller = new AbortController();
    const events = clientOf(b.address).watch(refs.pods, { signal: controller.signal });
    for await (const _event of events) controller.abort();
  });

  it('keeps one heartbeat stream, and opens the next one elsewhere', async () => {
    let streams = 0;
    const a = await serve('a', {
      Heartbeat(call) {
        streams++;
        call.on('data', () => call.write({ renew_time: 'a', unknown_node: true }));
      },
    });
    const b = await serve('b');
    const client = clientOf(a.address, b.address);
    const beat = { node: 'worker-1', leaseDurationSeconds: 4 };
    expect(await client.heartbeat(beat)).toEqual({ renewTime: 'a', unknownNode: true });
    await client.heartbeat({ ...beat, status: {} });
    expect(streams).toBe(1);
    await stop(a.server);
    expect(await client.heartbeat(beat)).toEqual({ renewTime: 'b', unknownNode: false });
  });
});
