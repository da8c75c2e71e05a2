import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import {
  headerToWire,
  integerFromWire,
  keyFromWire,
  keyToWire,
  keyValueToWire,
  toStatus,
} from '#shared/rpc';
import type { ElectionHandlers } from '../../../shared/rpc/gen/v3electionpb/Election.ts';
import type {
  LeaderKey,
  LeaderKey__Output,
} from '../../../shared/rpc/gen/v3electionpb/LeaderKey.ts';
import type { LeaderRequest__Output } from '../../../shared/rpc/gen/v3electionpb/LeaderRequest.ts';
import type { LeaderResponse } from '../../../shared/rpc/gen/v3electionpb/LeaderResponse.ts';
import {
  campaign,
  type Leader,
  leader,
  type Leadership,
  observe,
  proclaim,
  resign,
} from '../recipes/election.ts';
import type { RecipeParts } from '../recipes/session.ts';
import { admitStream, type Gate } from './gate.ts';
import { asUnknown, type PartsFor, recipe } from './recipe.ts';

type ObserveCall = ServerWritableStream<LeaderRequest__Output, LeaderResponse>;

export function electionHandlers(partsFor: PartsFor, gate: Gate): ElectionHandlers {
  return {
    Campaign: recipe(gate, partsFor, async ({ name, lease, value }, parts, signal) => {
      const request = { name: keyFromWire(name), lease: BigInt(lease), value };
      const { leadership, header } = await campaign(parts, request, signal);
      return { header: headerToWire(header), leader: leaderKeyToWire(name, leadership) };
    }),
    Proclaim: recipe(gate, partsFor, async ({ leader: key, value }, { kv }) => ({
      header: headerToWire(await proclaim(kv, leaderKeyFromWire(key), value)),
    })),
    Leader: recipe(gate, partsFor, async ({ name }, { kv }) =>
      leaderToWire(await leader(kv, keyFromWire(name))),
    ),
    Observe: (call: ObserveCall) => {
      if (admitStream(gate, call)) void serveObserve(call, partsFor(call));
    },
    Resign: recipe(gate, partsFor, async ({ leader: key }, { kv }) => ({
      header: headerToWire(await resign(kv, leaderKeyFromWire(key))),
    })),
  };
}

async function serveObserve(call: ObserveCall, { kv }: RecipeParts): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  call.on('error', () => gone.abort());
  try {
    for await (const now of observe(kv, keyFromWire(call.request.name), gone.signal)) {
      if (!call.write(leaderToWire(now))) await once(call, 'drain', { signal: gone.signal });
    }
    call.end();
  } catch (thrown) {
    if (!gone.signal.aborted) call.emit('error', toStatus(asUnknown(thrown)));
  }
}

function leaderToWire({ header, kv }: Leader): LeaderResponse {
  return { header: headerToWire(header), kv: keyValueToWire(kv) };
}

function leaderKeyToWire(name: Buffer, { key, revision, lease }: Leadership): LeaderKey {
  return { name, key: keyToWire(key), rev: revision, lease: String(lease) };
}

function leaderKeyFromWire(leaderKey: LeaderKey__Output | null): Leadership {
  if (!leaderKey) throw new QuorateError('unknown', '"leader" field must be provided');
  return {
    key: keyFromWire(leaderKey.key),
    revision: integerFromWire(leaderKey.rev),
    lease: BigInt(leaderKey.lease),
  };
}
