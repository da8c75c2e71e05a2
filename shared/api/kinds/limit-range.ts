import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { column, nameColumn } from '../columns.ts';
import { compareQuantities, tryParseQuantity } from '../quantity.ts';
import type { LimitRange } from '../types.ts';
import { declare } from './declare.ts';

type Item = NonNullable<LimitRange['spec']>['limits'][number];
type Amounts = Readonly<Record<string, string>>;

const types = ['Container', 'PersistentVolumeClaim', 'Pod'];
/** What must not be larger than what, by the names that messages use. */
const orders = [
  ['min', 'max'],
  ['min', 'defaultRequest'],
  ['min', 'default'],
  ['defaultRequest', 'default'],
  ['defaultRequest', 'max'],
  ['default', 'max'],
] as const;

export const limitRange = declare<LimitRange>({
  group: '',
  resource: 'limitranges',
  kind: 'LimitRange',
  shortNames: ['limits'],
  columns: [
    nameColumn,
    column('Created At', ({ metadata }) => metadata?.creationTimestamp ?? '', 'When.', 'date'),
  ],
  defaults: ({ spec }) => {
    for (const item of spec?.limits ?? []) {
      if (item.type !== 'Container') continue;
      if (item.max) item.default = { ...item.max, ...item.default };
      if (item.default) item.defaultRequest = { ...item.default, ...item.defaultRequest };
      if (item.min) item.defaultRequest = { ...item.min, ...item.defaultRequest };
    }
  },
  validate: ({ spec }) => {
    const seen = new Set<string>();
    return (spec?.limits ?? []).flatMap((item, i) => {
      const at = `spec.limits[${i}]`;
      const causes = validateItem(item, at);
      if (seen.has(item.type)) {
        causes.push(invalidValue(`${at}.type`, item.type, 'must be unique'));
      }
      seen.add(item.type);
      return causes;
    });
  },
});

function validateItem(item: Item, field: string): FieldCause[] {
  const causes: FieldCause[] = [];
  const known = types.includes(item.type) || item.type.includes('/');
  if (!known) causes.push(notSupported(`${field}.type`, item.type, types));
  if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage']) {
    const detail = 'either minimum or maximum storage value is required, but neither was provided';
    causes.push(required(`${field}.limits`, detail));
  }
  for (const [smaller, larger] of orders) {
    const low: Amounts = item[smaller] ?? {};
    const high: Amounts = item[larger] ?? {};
    for (const [name, text] of Object.entries(low)) {
      const a = tryParseQuantity(text);
      const b = tryParseQuantity(high[name] ?? '');
      if (!a || !b || compareQuantities(a, b) <= 0) continue;
      const detail = `${said(smaller)} value ${text} is greater than ${said(larger)} value ${high[name]}`;
      causes.push(invalidValue(`${field}.${smaller}[${name}]`, text, detail));
    }
  }
  return causes;
}

const said = (field: 'min' | 'max' | 'default' | 'defaultRequest'): string =>
  field === 'defaultRequest' ? 'default request' : field;
