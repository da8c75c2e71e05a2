import type { ServerDuplexStream } from '@grpc/grpc-js';
import { handleUnary, headerToWire, keyToWire, toStatus } from '#shared/rpc';
import type { LeaseHandlers } from '../../../shared/rpc/gen/etcdserverpb/Lease.ts';
import type { LeaseKeepAliveRequest__Output } from '../../../shared/rpc/gen/etcdserverpb/LeaseKeepAliveRequest.ts';
import type { LeaseKeepAliveResponse } from '../../../shared/rpc/gen/etcdserverpb/LeaseKeepAliveResponse.ts';
import type { ResponseHeader } from '../../../shared/rpc/gen/etcdserverpb/ResponseHeader.ts';
import { headerAt, headerNow, type Serving } from '../serve/context.ts';
import type { Leases } from '../serve/leases.ts';
import { admitStream, type Gate, gated, onBehalf } from './gate.ts';

type KeepAliveCall = ServerDuplexStream<LeaseKeepAliveRequest__Output, LeaseKeepAliveResponse>;

export function leaseHandlers(leases: Leases, serving: Serving, gate: Gate): LeaseHandlers {
  const header = () => headerToWire(headerNow(serving));
  return {
    LeaseGrant: handleUnary(
      gated(gate, async ({ ID, TTL }, caller) => {
        const request = { id: BigInt(ID), ttlSeconds: Number(TTL) };
        const granted = await leases.grant(request, caller);
        return {
          header: headerToWire(headerAt(serving, granted.revision)),
          ID: String(granted.id),
          TTL: granted.ttlSeconds,
        };
      }),
    ),
    LeaseRevoke: handleUnary(
      gated(gate, async ({ ID }, caller) => ({
        header: headerToWire(headerAt(serving, await leases.revoke(BigInt(ID), caller))),
      })),
    ),
    LeaseKeepAlive: (call) => {
      if (admitStream(gate, call)) keepAlive(call, leases, gate, header);
    },
    LeaseTimeToLive: handleUnary(
      gated(gate, async ({ ID, keys }, caller) => {
        const times = await leases.timeToLive(BigInt(ID), keys, caller);
        return {
          header: header(),
          ID,
          TTL: times.ttlSeconds,
          grantedTTL: times.grantedSeconds,
          keys: times.keys.map(keyToWire),
        };
      }),
    ),
    LeaseLeases: handleUnary(
      gated(gate, async (_request, caller) => ({
        header: header(),
        leases: leases.list(caller).map((id) => ({ ID: String(id) })),
      })),
    ),
  };
}

/** Answers in the order of the requests: the stream is read on only when one is answered. */
function keepAlive(
  call: KeepAliveCall,
  leases: Leases,
  gate: Gate,
  header: () => ResponseHeader,
): void {
  const renew = (id: bigint): Promise<number> =>
    onBehalf(gate, call, (caller) => leases.renew(id, caller));
  // It ended for another reason while the leader was asked.
  let over = false;
  const end = (): void => {
    over = true;
  };
  call.on('error', end).on('cancelled', end);
  call.on('data', ({ ID }: LeaseKeepAliveRequest__Output) => {
    call.pause();
    renew(BigInt(ID)).then(
      (ttlSeconds) => {
        if (over) return;
        call.write({ header: header(), ID, TTL: ttlSeconds });
        call.resume();
      },
      (thrown: unknown) => {
        if (!over) call.emit('error', toStatus(thrown));
      },
    );
  });
  call.on('end', () => call.end());
}
