import type { ApiClient, NodeApi } from '#shared/client';
import type { ApplyApi, User } from '#services/apiserver';
import type { SimProcess } from '../../world/process.ts';

/** All that a server is asked. */
export type ServerApi = ApiClient & NodeApi & ApplyApi;

/** An API server that listens: its machine's name is its address. */
export interface Listening {
  readonly machine: string;
  readonly process: SimProcess;
  apiAs(user: User): ServerApi;
}

/** Who calls, from where. */
export interface Caller {
  readonly machine: string;
  readonly process: SimProcess;
  readonly user: User;
}
