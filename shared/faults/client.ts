import { bearer, connect, loadProto, unary } from '#shared/rpc';
import type { ProtoGrpcType } from '../rpc/gen/faults.ts';
import type { Fault__Output } from '../rpc/gen/quorate/v1/Fault.ts';
import type { ListFaultsResponse__Output } from '../rpc/gen/quorate/v1/ListFaultsResponse.ts';
import type { FaultEndpoint } from './endpoint.ts';
import { checkDuration, type Fault, type FaultSpec } from './fault.ts';
import type { SetOptions } from './plane.ts';
import { faultFromWire, specToWire } from './wire.ts';

/** The faults of one process, from outside. Errors are QuorateErrors. */
export interface FaultClient {
  set(spec: FaultSpec, options?: SetOptions): Promise<Fault>;
  list(): Promise<{ process: string; faults: Fault[]; points: readonly string[] }>;
  /** How many were healed; all of them where no id is given. */
  heal(id?: string): Promise<number>;
  close(): void;
}

const timeoutMs = 3000;
/** It is set whether or not the answer comes: a busy process is given its time. */
const setTimeoutMs = 10_000;

export function createFaultClient({ address, token }: FaultEndpoint): FaultClient {
  const { Faults } = loadProto<ProtoGrpcType>('quorate/v1/faults.proto').quorate.v1;
  const client = connect(Faults, address);
  const metadata = bearer(token);
  return {
    async set(spec, { forMs, survivesRestart = false } = {}) {
      checkDuration(forMs);
      const fault = { ...specToWire(spec), survives_restart: survivesRestart };
      const set = await unary<object, Fault__Output>(
        (request, options, done) => client.Set(request, metadata, options, done),
        { fault, for_ms: String(Math.round(forMs ?? 0)) },
        { timeoutMs: setTimeoutMs },
      );
      return faultFromWire(set);
    },
    async list() {
      const { process, faults, points } = await unary<object, ListFaultsResponse__Output>(
        (request, options, done) => client.List(request, metadata, options, done),
        {},
        { timeoutMs },
      );
      return { process, faults: faults.map(faultFromWire), points };
    },
    async heal(id) {
      const { healed } = await unary<object, { healed: number }>(
        (request, options, done) => client.Heal(request, metadata, options, done),
        { id: id ?? '' },
        { timeoutMs },
      );
      return healed;
    },
    close: () => client.close(),
  };
}
