import { boolField, message, stringField } from '../protobuf/writer.ts';
import type { Definition } from './definitions.ts';
import type { DocumentV2, ParameterV2 } from './v2.ts';

/**
 * An OpenAPI v2 document in gnostic's protobuf form, which is all that kubectl 1.28 and older
 * accept. Numbers of fields are those of gnostic's OpenAPIv2.proto.
 */
export function encodeDocumentV2({ swagger, info, paths, definitions }: DocumentV2): Buffer {
  const items = Object.entries(paths).map(([path, item]) => named(2, path, pathItem(item)));
  const schemas = Object.entries(definitions).map(([name, each]) => named(1, name, schema(each)));
  return Buffer.concat([
    stringField(1, swagger),
    message(2, [stringField(1, info.title), stringField(2, info.version)]),
    message(8, items),
    message(9, schemas),
  ]);
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

function pathItem(item: Readonly<Record<string, object>>): Buffer[] {
  return Object.entries(item).map(([method, body]) =>
    message(methods[method] ?? 0, operation(body as Definition)),
  );
}

function operation(body: Definition): Buffer[] {
  const parameters = body['parameters'] as unknown as readonly ParameterV2[];
  const ok = message(1, [stringField(1, 'OK')]);
  return [
    ...parameters.map((each) => message(8, [message(1, [message(2, [parameter(each)])])])),
    message(9, [named(1, '200', [ok])]),
    ...extensions(13, body),
  ];
}

/** Parameters of a path and of a query differ by one field that neither needs here. */
function parameter(each: ParameterV2): Buffer {
  const inPath = each.in === 'path';
  return message(inPath ? 4 : 3, [
    boolField(1, each.required === true),
    stringField(2, each.in),
    stringField(4, each.name),
    stringField(inPath ? 5 : 6, each.type),
  ]);
}

function schema(given: Definition): Buffer[] {
  const text = (number: number, key: string): Buffer[] =>
    typeof given[key] === 'string' ? [stringField(number, given[key])] : [];
  const nested = (key: string): Definition | undefined =>
    given[key] as unknown as Definition | undefined;
  const required = (given['required'] ?? []) as unknown as readonly string[];
  const additional = nested('additionalProperties');
  const items = nested('items');
  const properties = nested('properties');
  return [
    ...text(1, '$ref'),
    ...text(2, 'format'),
    ...text(4, 'description'),
    ...required.map((name) => stringField(19, name)),
    ...(additional ? [message(21, [message(1, schema(additional))])] : []),
    ...(typeof given['type'] === 'string' ? [message(22, [stringField(1, given['type'])])] : []),
    ...(items ? [message(23, [message(1, schema(items))])] : []),
    ...(properties
      ? [
          message(
            25,
            Object.entries(properties).map(([name, each]) =>
              named(1, name, schema(each as unknown as Definition)),
            ),
          ),
        ]
      : []),
    ...extensions(31, given),
  ];
}

/** Values as YAML, which JSON is. */
const extensions = (number: number, given: Definition): Buffer[] =>
  Object.entries(given)
    .filter(([key]) => key.startsWith('x-'))
    .map(([key, value]) => named(number, key, [stringField(2, JSON.stringify(value))]));

const named = (number: number, name: string, value: readonly Buffer[]): Buffer =>
  message(number, [stringField(1, name), message(2, value)]);
