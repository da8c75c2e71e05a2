import type { KubeObject } from '#shared/api';
import type { Rule } from './rules.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

export interface RoleObject extends KubeObject {
  readonly rules?: readonly Rule[];
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface BindingObject extends KubeObject {
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[];
}
