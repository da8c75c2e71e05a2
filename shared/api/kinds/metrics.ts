import type { KubeObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { column, nameColumn } from '../columns.ts';
import { addQuantities, formatQuantity, parseQuantity } from '../quantity.ts';
import { builtinSchema } from '../schema/builtin.ts';
import { declare } from './declare.ts';

interface Used {
  readonly cpu: string;
  readonly memory: string;
}

interface NodeMetrics extends KubeObject {
  readonly usage?: Used;
  readonly window?: string;
}

interface PodMetrics extends KubeObject {
  readonly containers?: readonly { readonly name: string; readonly usage: Used }[];
  readonly window?: string;
}

const used: Schema = {
  type: 'object',
  additionalProperties: { format: 'quantity', 'x-kubernetes-int-or-string': true },
};

/** As metrics.k8s.io has them beside its objects. */
const schemaWith = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: builtinSchema('meta/v1.ObjectMeta'),
    timestamp: { type: 'string', format: 'date-time' },
    window: { type: 'string' },
    ...properties,
  },
});

const sum = (containers: PodMetrics['containers'] = [], what: keyof Used): string => {
  const [first, ...rest] = containers.map(({ usage }) => parseQuantity(usage[what]));
  return first ? formatQuantity(rest.reduce(addQuantities, first)) : '';
};

/** Not stored: who serves them asks the nodes. */
const measured = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  verbs: ['get', 'list'],
} as const;

export const nodeMetrics = declare<NodeMetrics>({
  ...measured,
  resource: 'nodes',
  kind: 'NodeMetrics',
  singular: '',
  namespaced: false,
  schema: schemaWith({ usage: used }),
  columns: [
    nameColumn,
    column('cpu', ({ usage }) => usage?.cpu ?? '', 'CPU in use.'),
    column('memory', ({ usage }) => usage?.memory ?? '', 'Memory in use.'),
    column('window', ({ window }) => window ?? '', 'How long CPU was measured.'),
  ],
});

export const podMetrics = declare<PodMetrics>({
  ...measured,
  resource: 'pods',
  kind: 'PodMetrics',
  singular: '',
  schema: schemaWith({
    containers: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' }, usage: used } },
    },
  }),
  columns: [
    nameColumn,
    column('cpu', ({ containers }) => sum(containers, 'cpu'), 'CPU in use.'),
    column('memory', ({ containers }) => sum(containers, 'memory'), 'Memory in use.'),
    column('window', ({ window }) => window ?? '', 'How long CPU was measured.'),
  ],
});
