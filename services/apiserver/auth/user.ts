/** Who makes a request, however that was found out. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Everybody who has said who they are. */
export const authenticatedGroup = 'system:authenticated';

/** Kubernetes' group of those who may do everything. */
export const mastersGroup = 'system:masters';
