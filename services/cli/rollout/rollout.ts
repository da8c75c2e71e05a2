import type { Deployment, KindInfo } from '#shared/api';

/** The deployment that a subcommand of `rollout` works on. */
export interface Rollout {
  readonly kind: KindInfo;
  readonly name: string;
  readonly deployment: Deployment;
}
