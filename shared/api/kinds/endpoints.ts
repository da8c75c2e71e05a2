import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import type { Endpoints } from '../types.ts';
import { dnsLabel, ipRule, isIP, portRule, validPort } from '../validation/names.ts';
import { declare } from './declare.ts';

const maxShown = 3;
const protocols = ['SCTP', 'TCP', 'UDP'];

export const endpoints = declare<Endpoints>({
  group: '',
  resource: 'endpoints',
  kind: 'Endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  columns: [nameColumn, column('Endpoints', shown, 'Who answers for the service.'), ageColumn],
  defaults: ({ subsets = [] }) => {
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ??= 'TCP';
  },
  validate: ({ subsets = [] }) =>
    subsets.flatMap((subset, i) => validateSubset(subset, `subsets[${i}]`)),
});

type Subset = NonNullable<Endpoints['subsets']>[number];

function validateSubset(subset: Subset, field: string): FieldCause[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length + notReadyAddresses.length === 0) {
    return [required(field, 'must specify `addresses` or `notReadyAddresses`')];
  }
  const causes: FieldCause[] = [];
  for (const [key, list] of Object.entries({ addresses, notReadyAddresses })) {
    for (const [i, { ip }] of list.entries()) {
      if (!isIP(ip)) causes.push(invalidValue(`${field}.${key}[${i}].ip`, ip, ipRule));
    }
  }
  for (const [i, { name = '', port, protocol = '' }] of ports.entries()) {
    const at = `${field}.ports[${i}]`;
    if (name === '' && ports.length > 1) causes.push(required(`${at}.name`));
    if (name) causes.push(...dnsLabel(name).map((e) => invalidValue(`${at}.name`, name, e)));
    if (!validPort(port)) causes.push(invalidValue(`${at}.port`, port, portRule));
    if (!protocols.includes(protocol)) {
      causes.push(notSupported(`${at}.protocol`, protocol, protocols));
    }
  }
  return causes;
}

function shown({ subsets = [] }: Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`),
        ),
  );
  if (all.length === 0) return none;
  const text = all.slice(0, maxShown).join(',');
  return all.length > maxShown ? `${text} + ${all.length - maxShown} more...` : text;
}
