import type { KubeObject } from '../object.ts';
import type { Resource } from '../resource.ts';
import type { Schema } from '../schema/schema.ts';
import type { Values } from './structure.ts';

/** What the server decides, and nobody owns. */
const systemMetadata: ReadonlySet<string> = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'name',
  'namespace',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/**
 * The part of an object that a write of this subresource ('' for the object) can own. What every
 * object of the kind has, if empty, is in it: nobody owns the frame.
 */
export function ownedContent(
  resource: Resource,
  object: KubeObject | undefined,
  subresource: string,
): Values {
  const { apiVersion: _a, kind: _k, metadata = {}, ...rest } = object ?? {};
  const { status, ...body } = rest as Values;
  if (subresource === 'status')
    return { status: { ...frame(schemaOf(resource, 'status')), ...asValues(status) } };
  const owned = Object.entries(metadata).filter(([key]) => !systemMetadata.has(key));
  return {
    ...frame(resource.schema),
    ...body,
    metadata: Object.fromEntries(owned),
    ...(!resource.hasStatus && status !== undefined && { status }),
  };
}

const asValues = (value: unknown): Values => (typeof value === 'object' ? (value as Values) : {});

const schemaOf = (resource: Resource, field: string): Schema =>
  resource.schema.properties?.[field] ?? {};

/** Required objects and lists, empty; a spec always. */
function frame(schema: Schema): Values {
  const { properties = {}, required = [] } = schema;
  const keys = properties['spec']?.properties ? [...required, 'spec'] : required;
  return Object.fromEntries(
    keys.flatMap((key): [string, unknown][] => {
      const part = properties[key];
      if (part?.type === 'array') return [[key, []]];
      if (!part?.properties || part['x-kubernetes-map-type'] === 'atomic') return [];
      return [[key, frame(part)]];
    }),
  );
}
