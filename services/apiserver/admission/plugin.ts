import type { KubeObject, Resource } from '#shared/api';
import type { User } from '../auth/user.ts';

export type Operation = 'create' | 'update' | 'delete';

/** What is about to be done to one object, after authorization. */
export interface AdmissionRequest {
  readonly user: User;
  readonly operation: Operation;
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  /** '' where the name is still to be generated. */
  readonly name: string;
  /** Nothing may be changed but the object itself. */
  readonly dryRun: boolean;
}

/** One rule of admission, for the requests that it says it handles. */
export interface AdmissionPlugin {
  /** As Kubernetes names it, for flags and messages. */
  readonly name: string;
  handles(request: AdmissionRequest): boolean;
  /** On a create: fills in what is missing, before defaults and validation. Changes the draft. */
  mutate?(request: AdmissionRequest, draft: KubeObject): void | Promise<void>;
  /** What is to be stored (undefined on a delete), and what is there. Throws `forbidden`. */
  validate?(
    request: AdmissionRequest,
    object: KubeObject | undefined,
    old: KubeObject | undefined,
  ): void | Promise<void>;
}

/** `pods` of the core group and the like, as plugins ask for them. */
export const isKind = ({ resource }: AdmissionRequest, group: string, plural: string): boolean =>
  resource.group === group && resource.resource === plural;

/** A new pod, not something below one. */
export const isNewPod = (request: AdmissionRequest): boolean =>
  request.operation === 'create' && request.subresource === '' && isKind(request, '', 'pods');
