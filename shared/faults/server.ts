import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import { createServer, handleUnary, listen, loadProto, shutdown } from '#shared/rpc';
import type { Service } from '#shared/runtime';
import type { ProtoGrpcType } from '../rpc/gen/faults.ts';
import type { FaultsHandlers } from '../rpc/gen/quorate/v1/Faults.ts';
import { afterAnswer } from './after-answer.ts';
import { endsProcess, type ProcessFault } from './fault.ts';
import { removeEndpoint, writeEndpoint } from './endpoint.ts';
import type { FaultPlane } from './plane.ts';
import { faultToWire, specFromWire } from './wire.ts';

export interface FaultServerOptions {
  readonly plane: FaultPlane;
  /** Where the endpoint file is put: the process's data directory. */
  readonly dir: string;
  /** A socket in `dir`, instead of a port on loopback. */
  readonly socket: boolean;
  readonly carryOut: (spec: ProcessFault, forMs: number | undefined) => void;
}

/** quorate.v1.Faults on a loopback port or a socket of its own, to whoever has read its token. */
export function createFaultServer({ plane, dir, socket, carryOut }: FaultServerOptions): Service {
  const token = randomBytes(32).toString('hex');
  const server = createServer();
  const { Faults } = loadProto<ProtoGrpcType>('quorate/v1/faults.proto').quorate.v1;
  const handlers: FaultsHandlers = {
    Set: handleUnary(async ({ fault, for_ms }, call) => {
      authorize(call.metadata.get('authorization')[0], token);
      if (!fault) throw new QuorateError('bad-request', 'the request names no fault');
      const spec = specFromWire(fault);
      const forMs = Number(for_ms) || undefined;
      const held = endsProcess(spec);
      const set = plane.set(spec, { forMs, survivesRestart: fault.survives_restart, held });
      if (held) afterAnswer(plane.clock, () => plane.enforce(set.id));
      if (spec.kind === 'process') carryOut(spec, forMs);
      return faultToWire(set);
    }),
    List: handleUnary(async (_request, call) => {
      authorize(call.metadata.get('authorization')[0], token);
      const points = [...plane.points.keys()].sort();
      return { process: plane.name, faults: plane.list().map(faultToWire), points };
    }),
    Heal: handleUnary(async ({ id }, call) => {
      authorize(call.metadata.get('authorization')[0], token);
      const healed = plane.heal(id || undefined);
      if (healed === 0 && id)
        throw new QuorateError('not-found', `no fault ${id} is set in ${plane.name}`);
      return { healed };
    }),
  };
  server.addService(Faults.service, { ...handlers });
  const listenOnPort = async (): Promise<string> =>
    `127.0.0.1:${await listen(server, '127.0.0.1:0')}`;
  const listenOnSocket = async (): Promise<string> => {
    const path = join(dir, 'faults.sock');
    // What a process that was killed left.
    rmSync(path, { force: true });
    await listen(server, `unix:${path}`);
    return `unix:${path}`;
  };
  return {
    async start() {
      const address = socket ? await listenOnSocket() : await listenOnPort();
      writeEndpoint(dir, { name: plane.name, address, token });
    },
    async stop() {
      removeEndpoint(dir);
      await shutdown(server, 500);
    },
  };
}

function authorize(given: unknown, token: string): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (timingSafeEqual(digest(String(given)), digest(`Bearer ${token}`))) return;
  throw new QuorateError(
    'unauthenticated',
    'faults are set by whoever has the token of this process',
  );
}
