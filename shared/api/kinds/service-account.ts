import { ageColumn, column, nameColumn } from '../columns.ts';
import type { ServiceAccount } from '../types.ts';
import { declare } from './declare.ts';

export const serviceAccount = declare<ServiceAccount>({
  group: '',
  resource: 'serviceaccounts',
  kind: 'ServiceAccount',
  shortNames: ['sa'],
  subresources: ['token'],
  columns: [
    nameColumn,
    column(
      'Secrets',
      ({ secrets = [] }) => secrets.length,
      'How many secrets it lists.',
      'integer',
    ),
    ageColumn,
  ],
});
