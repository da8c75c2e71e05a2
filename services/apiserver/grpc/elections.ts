import { handleUnary } from '#shared/rpc';
import type { ElectionsHandlers } from '../../../shared/rpc/gen/quorate/v1/Elections.ts';
import type { Core } from '../core.ts';
import { streamOut } from './stream-out.ts';
import { fromLeader } from './wire.ts';

/** quorate.v1.Elections over the core. */
export function electionsService({ elections }: Core, stopping: AbortSignal): ElectionsHandlers {
  return {
    Campaign: handleUnary(async (request, call) => {
      const gone = new AbortController();
      // A candidate that went away must not win afterwards.
      call.on('cancelled', () => gone.abort());
      const { elected, leader } = await elections.campaign(
        {
          election: request.election,
          identity: request.identity,
          leaseSeconds: request.lease_seconds,
          waitMs: request.wait_ms,
        },
        AbortSignal.any([gone.signal, stopping]),
      );
      return { elected, leader: fromLeader(leader) };
    }),
    Renew: handleUnary(async ({ election, token, identity }) => {
      const leader = await elections.renew({ election, token: Number(token) }, identity);
      return { lease_seconds: leader.leaseSeconds };
    }),
    Resign: handleUnary(async ({ election, token, identity }) => {
      await elections.resign({ election, token: Number(token) }, identity);
      return {};
    }),
    Observe: (call) =>
      streamOut(call, stopping, async function* (signal) {
        const leaders = elections.observe(call.request.election, signal);
        for await (const leader of leaders) yield fromLeader(leader);
      }),
  };
}
