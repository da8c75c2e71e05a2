import { handleUnary } from '#shared/rpc';
import type { ElectionsHandlers } from '../../../shared/rpc/gen/quorate/v1/Elections.ts';
import type { Core } from '../core.ts';
import type { Elections } from '../elections/elections.ts';
import type { CallerOf, IncomingCall } from './caller.ts';
import { streamOut } from '#shared/rpc';
import { fromLeader } from './wire.ts';

/** quorate.v1.Elections over the core. */
export function electionsService(
  { requests }: Core,
  callerOf: CallerOf,
  stopping: AbortSignal,
): ElectionsHandlers {
  const authorized = async (
    call: IncomingCall,
    verb: 'get' | 'update',
    election: string,
  ): Promise<Elections> => requests.election(await callerOf(call), verb, election);
  return {
    Campaign: handleUnary(async (request, call) => {
      const gone = new AbortController();
      // A candidate that went away must not win afterwards.
      call.on('cancelled', () => gone.abort());
      const elections = await authorized(call, 'update', request.election);
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
    Renew: handleUnary(async ({ election, token, identity }, call) => {
      const elections = await authorized(call, 'update', election);
      const leader = await elections.renew({ election, token: Number(token) }, identity);
      return { lease_seconds: leader.leaseSeconds };
    }),
    Resign: handleUnary(async ({ election, token, identity }, call) => {
      const elections = await authorized(call, 'update', election);
      await elections.resign({ election, token: Number(token) }, identity);
      return {};
    }),
    Observe: (call) =>
      streamOut(call, stopping, async function* (signal) {
        const elections = await authorized(call, 'get', call.request.election);
        const leaders = elections.observe(call.request.election, signal);
        for await (const leader of leaders) yield fromLeader(leader);
      }),
  };
}
