import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '#shared/api';
import type { ApiClient, EventRecorder, ObjectStore } from '#shared/client';

/** What the steps of claims and volumes read and write with. */
export interface VolumeContext {
  readonly api: ApiClient;
  readonly claims: ObjectStore<PersistentVolumeClaim>;
  readonly volumes: ObjectStore<PersistentVolume>;
  readonly classes: ObjectStore<StorageClass>;
  readonly nodes: ObjectStore<Node>;
  readonly events: EventRecorder;
  /** As the API server has it, where what is known here may be old. */
  findVolume(name: string): Promise<PersistentVolume | undefined>;
  findClaim(namespace: string, name: string): Promise<PersistentVolumeClaim | undefined>;
}
