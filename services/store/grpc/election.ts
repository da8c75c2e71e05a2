import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { headerToWire, keyFromWire, keyToWire, keyValueToWire, toStatus } from '#shared/rpc';
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
import { storeErrors } from '../errors.ts';
import { type Gate, requiresLeader } from './gate.ts';
import { asUnknown, recipe } from './recipe.ts';

type ObserveCall = ServerWritableStream<LeaderRequest__Output, LeaderResponse>;

export function electionHandlers(parts: RecipeParts, gate: Gate): ElectionHandlers {
  const { kv } = parts;
  return {
    Campaign: recipe(gate, async ({ name, lease, value }, signal) => {
      const request = { name: keyFromWire(name), lease: BigInt(lease), value };
      const { leadership, header } = await campaign(parts, request, signal);
      return { header: headerToWire(header), leader: leaderKeyToWire(name, leadership) };
    }),
    Proclaim: recipe(gate, async ({ leader: key, value }) => ({
      header: headerToWire(await proclaim(kv, leaderKeyFromWire(key), value)),
    })),
    Leader: recipe(gate, async ({ name }) => leaderToWire(await leader(kv, keyFromWire(name)))),
    Observe: (call: ObserveCall) => {
      if (requiresLeader(call.metadata) && !gate.hasLeader()) {
        call.emit('error', toStatus(storeErrors.noLeader()));
        return;
      }
      void serveObserve(call, parts);
    },
    Resign: recipe(gate, async ({ leader: key }) => ({
      header: headerToWire(await resign(kv, leaderKeyFromWire(key))),
    })),
  };
}

async function serveObserve(call: ObserveCall, { kv }: RecipeParts): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
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
    revision: Number(leaderKey.rev),
    lease: BigInt(leaderKey.lease),
  };
}
