import {
  builtinDefinition,
  type Json,
  type KindInfo,
  type Resource,
  type Schema,
} from '#shared/api';

/** Descriptions by definition and field; the definition's own at ''. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Definition = { readonly [key: string]: Json };

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Two types in one, which only version 3 can say; kubectl explain names what has no type of its own. */
const scalars = (version: 2 | 3): Readonly<Record<string, Definition>> => ({
  [quantity]: {
    description: 'A number with an SI suffix, such as 100m, 1.5 or 2Gi.',
    ...(version === 2 ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] }),
  },
  [intOrString]: {
    description: 'A number, or a percentage or name as a string.',
    format: 'int-or-string',
    ...(version === 2 ? { type: 'string' } : { oneOf: [{ type: 'integer' }, { type: 'string' }] }),
  },
});

/**
 * Kubernetes' OpenAPI definitions of kinds and all that they use, by Kubernetes' names, for version 2
 * or 3 of OpenAPI.
 */
export class Definitions {
  readonly all = new Map<string, Definition>();
  readonly #descriptions: Descriptions;
  readonly #version: 2 | 3;

  constructor(descriptions: Descriptions, version: 2 | 3) {
    this.#descriptions = descriptions;
    this.#version = version;
  }

  /** Defines a kind and returns its name. */
  add(resource: Resource): string {
    const { group, version, kind } = resource;
    const name = this.#define(resource.schema, builtinName(resource.schema) ?? ownName(resource));
    const known = this.all.get(name) ?? {};
    this.all.set(name, { ...known, 'x-kubernetes-group-version-kind': [{ group, version, kind }] });
    return name;
  }

  #define(schema: Schema, name: string): string {
    if (this.all.has(name)) return name;
    // Before its fields: definitions may hold themselves.
    this.all.set(name, {});
    const texts = this.#descriptions[builtinDefinition(schema) ?? ''] ?? {};
    const properties = Object.entries(schema.properties ?? {}).map(([key, part]) => [
      key,
      { ...describe(texts[key]), ...this.#part(part) },
    ]);
    this.all.set(name, {
      ...describe(texts['']),
      type: 'object',
      ...(properties.length > 0 && { properties: Object.fromEntries(properties) as Definition }),
      ...(schema.required && { required: schema.required }),
      ...extensions(schema),
    });
    return name;
  }

  #part(schema: Schema): Definition {
    if (schema['x-kubernetes-int-or-string']) {
      const name = schema.format === 'quantity' ? quantity : intOrString;
      this.all.set(name, scalars(this.#version)[name] ?? {});
      return this.#reference(name, schema);
    }
    const name = builtinName(schema);
    if (name !== undefined) return this.#reference(this.#define(schema, name), schema);
    return {
      ...(schema.type && { type: schema.type }),
      ...(schema.format && { format: schema.format }),
      ...(schema.items && { items: this.#part(schema.items) }),
      ...(schema.additionalProperties && {
        additionalProperties: this.#part(schema.additionalProperties),
      }),
      ...(schema.properties && {
        properties: Object.fromEntries(
          Object.entries(schema.properties).map(([key, part]) => [key, this.#part(part)]),
        ),
      }),
      ...(schema.required && { required: schema.required }),
      ...extensions(schema),
    };
  }

  #reference(name: string, schema: Schema): Definition {
    // Readers of version 2 know extensions beside a reference, and no allOf.
    if (this.#version === 2) return { $ref: `#/definitions/${name}`, ...extensions(schema) };
    const $ref = `#/components/schemas/${name}`;
    // Beside a reference nothing else counts, so what belongs to the field stands around it.
    return { allOf: [{ $ref }], ...extensions(schema) };
  }
}

const describe = (text: string | undefined): Definition => (text ? { description: text } : {});

const extensions = (schema: Schema): Definition =>
  Object.fromEntries(
    Object.entries(schema).filter(
      ([key]) => key.startsWith('x-kubernetes-') && key !== 'x-kubernetes-int-or-string',
    ),
  );

/** `core/v1.Pod` as Kubernetes calls it. */
function builtinName(schema: Schema): string | undefined {
  const id = builtinDefinition(schema);
  if (id === undefined) return undefined;
  const path = id.replace('/', '.');
  return id.startsWith('meta/') ? `io.k8s.apimachinery.pkg.apis.${path}` : `io.k8s.api.${path}`;
}

/** A kind declared at run time: its group backwards. */
const ownName = ({ group, version, kind }: KindInfo): string =>
  [...group.split('.').reverse(), version, kind].join('.');
