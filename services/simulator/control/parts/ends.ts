import type { ApiClient, NodeApi } from '#shared/client';
import type { User } from '#services/apiserver';
import type { SimProcess } from '../../world/process.ts';

/** An API server that listens: its machine's name is its address. */
export interface Listening {
  readonly machine: string;
  readonly process: SimProcess;
  apiAs(user: User): ApiClient & NodeApi;
}

/** Who calls, from where. */
export interface Caller {
  readonly machine: string;
  readonly process: SimProcess;
  readonly user: User;
}
