import { ageColumn, nameColumn } from '../columns.ts';
import type { KubeObject } from '../object.ts';
import { builtinSchema } from '../schema/builtin.ts';
import { declare } from './declare.ts';

/**
 * Which there are none of: nobody can make one. kubectl looks through the list for whatever kind it does not find,
 * and says what is wrong with a name only where it gets one.
 */
export const customResourceDefinition = declare<KubeObject>({
  group: 'apiextensions.k8s.io',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  shortNames: ['crd', 'crds'],
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  columns: [nameColumn, ageColumn],
  schema: {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: builtinSchema('meta/v1.ObjectMeta'),
    },
  },
});
