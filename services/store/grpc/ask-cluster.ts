import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { deadlineIn } from '#shared/rpc';
import type { ClusterView } from '../wire/cluster.ts';
import { peerService } from './peer-service.ts';

/** Whoever lives answers at once; whoever is not there refuses at once. */
const timeoutMs = 1000;

/** Asks the member at `address` for its cluster; undefined where it does not say. */
export function askCluster(address: string): Promise<ClusterView | undefined> {
  const { path, requestSerialize, responseDeserialize } = peerService.Members;
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {},
      new Metadata(),
      { deadline: deadlineIn(timeoutMs) },
      (_error, view) => {
        client.close();
        resolve(view);
      },
    );
  });
}
