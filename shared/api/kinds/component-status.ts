import { column, nameColumn } from '../columns.ts';
import { getCondition } from '../conditions.ts';
import type { ComponentStatus } from '../types.ts';
import { declare } from './declare.ts';

const healthy = ({ conditions }: ComponentStatus) => getCondition(conditions, 'Healthy');

/** Not stored: found out when somebody asks. */
export const componentStatus = declare<ComponentStatus>({
  group: '',
  resource: 'componentstatuses',
  kind: 'ComponentStatus',
  shortNames: ['cs'],
  namespaced: false,
  verbs: ['get', 'list'],
  deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    column(
      'Status',
      (object) => (healthy(object)?.status === 'True' ? 'Healthy' : 'Unhealthy'),
      'Whether it works.',
    ),
    column('Message', (object) => healthy(object)?.message ?? '', 'What it says of itself.'),
    column('Error', (object) => healthy(object)?.error ?? '', 'Why it could not be asked.'),
  ],
});
