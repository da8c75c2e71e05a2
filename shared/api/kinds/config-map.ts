import { ageColumn, column, nameColumn } from '../columns.ts';
import type { ConfigMap } from '../types.ts';
import { validateData, validateImmutable } from '../validation/data.ts';
import { declare } from './declare.ts';

const count = ({ data = {}, binaryData = {} }: ConfigMap): number =>
  Object.keys(data).length + Object.keys(binaryData).length;

export const configMap = declare<ConfigMap>({
  group: '',
  resource: 'configmaps',
  kind: 'ConfigMap',
  shortNames: ['cm'],
  columns: [nameColumn, column('Data', count, 'How many entries it holds.', 'integer'), ageColumn],
  validate: (map, old) => [
    ...validateData(map, false),
    ...(old ? validateImmutable(map, old) : []),
  ],
});
