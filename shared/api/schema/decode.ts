import { setOwn } from '../clone.ts';
import { canonicalQuantity } from '../quantity.ts';
import { goWording } from './go-wording.ts';
import type { Schema } from './schema.ts';

export interface Decoded {
  /** A copy that has only what the schema knows, without nulls and unwritten zeros, quantities in canonical form. */
  readonly value: unknown;
  /** Values of a wrong type, a sentence for each that names the field. */
  readonly errors: readonly string[];
  /** Paths of fields that the schema does not know. */
  readonly unknownFields: readonly string[];
}

interface Findings {
  readonly root: Schema;
  readonly errors: string[];
  readonly unknownFields: string[];
}

/**
 * Reads a JSON value as what the schema says. Null counts as absent, as in Kubernetes. Every
 * problem is found, not only the first.
 */
export function decode(schema: Schema, value: unknown): Decoded {
  const findings: Findings = { root: schema, errors: [], unknownFields: [] };
  const known = read(schema, value, '', findings);
  return { value: known, errors: findings.errors, unknownFields: findings.unknownFields };
}

function read(schema: Schema, value: unknown, path: string, findings: Findings): unknown {
  if (schema['x-kubernetes-int-or-string']) return readIntOrString(schema, value, path, findings);
  switch (schema.type) {
    case 'object':
      if (!isRecord(value)) return wrongType('object', schema, value, path, findings);
      return readObject(schema, value, path, findings);
    case 'array':
      if (!Array.isArray(value)) return wrongType('array', schema, value, path, findings);
      return readArray(schema, value, path, findings);
    case 'string':
      if (typeof value !== 'string') return wrongType('string', schema, value, path, findings);
      if (schema.format === 'date-time' && !isDateTime(value)) {
        findings.errors.push(
          `${path}: parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse it`,
        );
      }
      return value;
    case 'integer':
      if (!Number.isSafeInteger(value)) return wrongType('integer', schema, value, path, findings);
      if (schema.format === 'int32' && !isInt32(value))
        return wrongType('int32', schema, value, path, findings);
      return value;
    case 'number':
      return typeof value === 'number' ? value : wrongType('number', schema, value, path, findings);
    case 'boolean':
      return typeof value === 'boolean'
        ? value
        : wrongType('boolean', schema, value, path, findings);
    case undefined:
    default:
      return value;
  }
}

function readObject(
  schema: Schema,
  value: Record<string, unknown>,
  path: string,
  findings: Findings,
): unknown {
  const known: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const inner = schemaOf(schema, key);
    if (inner) {
      if (part === null) continue;
      const given = read(inner, part, at, findings);
      if (!inner['x-omit-empty'] || !isEmpty(given)) setOwn(known, key, given);
    } else if (schema['x-kubernetes-preserve-unknown-fields']) {
      setOwn(known, key, part);
    } else {
      findings.unknownFields.push(at);
    }
  }
  return known;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === 0 || value === false || value === '';
}

function schemaOf(schema: Schema, key: string): Schema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return schema.additionalProperties;
}

function readArray(
  schema: Schema,
  value: readonly unknown[],
  path: string,
  findings: Findings,
): unknown {
  const { items } = schema;
  return items ? value.map((item, i) => read(items, item, `${path}[${i}]`, findings)) : value;
}

function readIntOrString(
  schema: Schema,
  value: unknown,
  path: string,
  findings: Findings,
): unknown {
  if (schema.format === 'quantity' && (typeof value === 'string' || typeof value === 'number')) {
    const canonical = canonicalQuantity(String(value));
    if (canonical !== undefined) return canonical;
    findings.errors.push(`${path}: ${quantityRule}`);
    return value;
  }
  if (typeof value === 'string') return value;
  if (!Number.isSafeInteger(value))
    return wrongType('integer,string', schema, value, path, findings);
  return isInt32(value) ? value : wrongType('int32', schema, value, path, findings);
}

const quantityRule =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Worded as the API server words it, for built-in kinds and for custom resources. */
function wrongType(
  wanted: string,
  schema: Schema,
  value: unknown,
  path: string,
  { root, errors }: Findings,
): undefined {
  const go = goWording(root, path, schema, value);
  const got = JSON.stringify(wanted === 'int32' ? value : typeName(value));
  const where = path === '' ? 'the object' : path;
  errors.push(go ?? `${where} in body must be of type ${wanted}: ${got}`);
  return undefined;
}

/** Integers that are one, as 32 bits with a sign. */
const isInt32 = (value: unknown): boolean => Number(value) === (Number(value) | 0);

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const dateTime =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339 with seconds. */
const isDateTime = (text: string): boolean => dateTime.test(text);
