import type { KubeObject, Resource } from '#shared/api';
import type { WriteOptions } from '#shared/client';
import type { User } from '../auth/user.ts';

/** A create whose answer is not an object of the registry. */
export interface Creation {
  readonly user: User;
  readonly resource: Resource;
  readonly namespace: string;
  /** '' where it is not below an object. */
  readonly name: string;
  readonly body: unknown;
  readonly options: WriteOptions;
}

/**
 * What is made by a POST and not stored under its own name: below an object, such as pods/binding,
 * or of a kind that is only ever answered, such as a review. By `<group>/<resource>[/<subresource>]`.
 */
export type Creators = Readonly<Record<string, (creation: Creation) => Promise<KubeObject>>>;
