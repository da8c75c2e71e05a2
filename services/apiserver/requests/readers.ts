import type { KubeObject } from '#shared/api';
import type { ListOptions, ObjectList } from '#shared/client';
import type { Place } from './place.ts';

/** A kind whose objects are not stored but found out when somebody asks, such as metrics. */
export interface Reader {
  /** Throws `not-found`. */
  get(place: Place): Promise<KubeObject>;
  list(options: ListOptions): Promise<ObjectList>;
}

/** By `<group>/<resource>`. */
export type Readers = Readonly<Record<string, Reader>>;
