/** Who makes a request, however that was found out; travels with it to the registry. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** Differs between two users of one name at different times; only service accounts have one. */
  readonly uid?: string | undefined;
  /** What the authenticator knows beyond that, such as the pod that a token is bound to. */
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Everybody who has said who they are. */
export const authenticatedGroup = 'system:authenticated';

/** Kubernetes' group of those who may do everything. */
export const mastersGroup = 'system:masters';

/** The API server itself, where it asks its own doors. */
export const serverUser: User = {
  name: 'system:apiserver',
  groups: [mastersGroup, authenticatedGroup],
};
