import type { FieldCause } from '#shared/base';
import { duplicate, invalidValue, notSupported, required, tooMany } from '../causes.ts';
import { ageColumn, column, firstThree, nameColumn } from '../columns.ts';
import type { EndpointSlice } from '../types.ts';
import { dnsSubdomain, ipRule, isIPv4, isIPv6 } from '../validation/names.ts';
import { declare } from './declare.ts';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const maxEndpoints = 1000;
const maxAddresses = 100;

export const endpointSlice = declare<EndpointSlice>({
  group: 'discovery.k8s.io',
  resource: 'endpointslices',
  kind: 'EndpointSlice',
  hasGeneration: true,
  columns: [
    nameColumn,
    column('AddressType', ({ addressType }) => addressType, 'IPv4, IPv6 or FQDN.'),
    column(
      'Ports',
      ({ ports }) =>
        firstThree((ports ?? []).map(({ port, name }) => (port ? String(port) : name || '*'))),
      'The ports that its endpoints answer on.',
    ),
    column(
      'Endpoints',
      ({ endpoints }) => firstThree(endpoints.flatMap(({ addresses }) => addresses)),
      'Addresses that answer for the service.',
    ),
    ageColumn,
  ],
  defaults: (draft) => {
    // A service without pods has a slice without endpoints; JSON may leave the list out.
    draft.endpoints ??= [];
    for (const port of draft.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate: (slice, old) => {
    const causes = validateEndpoints(slice);
    if (!addressTypes.includes(slice.addressType)) {
      causes.push(notSupported('addressType', slice.addressType, addressTypes));
    }
    const names = new Set<string>();
    for (const [i, { name = '' }] of (slice.ports ?? []).entries()) {
      if (names.has(name)) causes.push(duplicate(`ports[${i}].name`, name));
      names.add(name);
    }
    if (old && slice.addressType !== old.addressType) {
      causes.push(invalidValue('addressType', slice.addressType, 'field is immutable'));
    }
    return causes;
  },
});

function validateEndpoints({ endpoints, addressType }: EndpointSlice): FieldCause[] {
  if (endpoints.length > maxEndpoints)
    return [tooMany('endpoints', endpoints.length, maxEndpoints)];
  return endpoints.flatMap(({ addresses }, i) => {
    const field = `endpoints[${i}].addresses`;
    if (addresses.length === 0) return [required(field, 'must contain at least 1 address')];
    if (addresses.length > maxAddresses) return [tooMany(field, addresses.length, maxAddresses)];
    return addresses.flatMap((address, j) =>
      addressErrors(addressType, address).map((e) => invalidValue(`${field}[${j}]`, address, e)),
    );
  });
}

function addressErrors(type: string, address: string): string[] {
  if (type === 'IPv4') return isIPv4(address) ? [] : [ipRule];
  if (type === 'IPv6') return isIPv6(address) ? [] : [ipRule];
  return type === 'FQDN' ? dnsSubdomain(address) : [];
}
