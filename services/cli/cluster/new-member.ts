import { rmSync } from 'node:fs';
import { QuorateError } from '#shared/base';
import { connect, loadProto, unary } from '#shared/rpc';
import type { ClusterClient } from '../../../shared/rpc/gen/etcdserverpb/Cluster.ts';
import type { MemberListResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/MemberListResponse.ts';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/rpc.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { type MasterPart, mastersOf } from './layout.ts';
import { runningProcess } from './processes.ts';
import { type Cluster, storageDir } from './state.ts';

/** A change is refused until the members have been connected for five seconds. */
const healthyWithinMs = 15_000;
const pollMs = 200;

/**
 * Gives a stopped master a new member of the store in place of its old one, and an empty disk: the
 * way back for a master whose disk was lost. The others must have a quorum.
 */
export async function makeNewMember(
  context: Context,
  cluster: Cluster,
  part: MasterPart,
): Promise<void> {
  const other = mastersOf(cluster.state.parts).find(
    ({ name }) => name !== part.name && runningProcess(cluster, name) !== undefined,
  );
  if (!other) {
    throw new CommandError(`no other master runs that could make place for ${part.name}`, {
      hint: 'Start a majority of the masters first.',
    });
  }
  const { Cluster } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
  const client = connect(Cluster, other.client);
  try {
    await replace(context, client, part);
  } finally {
    client.close();
  }
  rmSync(storageDir(cluster, part.name), { recursive: true, force: true });
}

async function replace(context: Context, client: ClusterClient, part: MasterPart): Promise<void> {
  const peerUrl = `http://${part.peer}`;
  const { members } = await unary<object, MemberListResponse__Output>(
    (request, options, done) => client.MemberList(request, options, done),
    {},
  );
  const known = members.find(({ peerURLs }) => peerURLs.includes(peerUrl));
  // Added before, and never started: the place is there.
  if (known?.name === '') return;
  if (known) {
    await onceHealthy(context, () =>
      unary((request, options, done) => client.MemberRemove(request, options, done), {
        ID: known.ID,
      }),
    );
    context.out.write(`${part.name}: its old member is removed\n`);
  }
  await onceHealthy(context, () =>
    unary((request, options, done) => client.MemberAdd(request, options, done), {
      peerURLs: [peerUrl],
    }),
  );
  context.out.write(`${part.name}: a new member is added in its place\n`);
}

async function onceHealthy(context: Context, change: () => Promise<unknown>): Promise<void> {
  const { clock } = context;
  const until = clock.monotonic() + healthyWithinMs;
  for (;;) {
    try {
      await change();
      return;
    } catch (thrown) {
      const unhealthy = QuorateError.is(thrown) && thrown.message.endsWith('unhealthy cluster');
      if (!unhealthy || clock.monotonic() > until) throw thrown;
    }
    await clock.sleep(pollMs);
  }
}
