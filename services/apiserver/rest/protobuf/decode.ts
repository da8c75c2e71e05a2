import { QuorateError } from '#shared/base';
import { badRequest } from '#shared/api';
import { fromJson } from '../../json.ts';
import messages from './messages.json' with { type: 'json' };
import { readFields, type WireField } from './reader.ts';

type Values = Record<string, unknown>;

/** A field of a message: where its value belongs, and how it is read. */
interface Field {
  /** `*`: the fields of its message belong to the object itself. */
  readonly name: string;
  /**
   * s string, i integer, b boolean, y bytes, t Time, u MicroTime, q Quantity, o IntOrString, f
   * FieldsV1, else a message. Before it: ? may be absent, [ a list, { a map by string.
   */
  readonly type: string;
}

/** `k8s` and a zero, before Kubernetes' envelope. */
const magic = Buffer.from('k8s\0');

const tables = new Map<string, ReadonlyMap<number, Field>>();

/**
 * An object of a built-in kind in Kubernetes' protobuf, as JSON would say it. What Go leaves out of
 * JSON when it is empty is left out here too. Throws `bad-request`, and `unsupported-media-type`
 * for kinds that are not built in.
 */
export function decodeProtobuf(bytes: Uint8Array): unknown {
  if (!magic.equals(bytes.subarray(0, magic.length))) {
    throw badRequest('the body of the request is not in the protobuf form of Kubernetes objects');
  }
  const envelope = new Map<number, Uint8Array>();
  for (const { number, bytes: part } of readFields(bytes.subarray(magic.length))) {
    envelope.set(number, part);
  }
  const type = new Map<number, string>();
  for (const { number, bytes: part } of readFields(envelope.get(1) ?? new Uint8Array())) {
    type.set(number, text(part));
  }
  const apiVersion = type.get(1) ?? '';
  const kind = type.get(2) ?? '';
  const id = messageId(apiVersion, kind);
  return { apiVersion, kind, ...readMessage(id, envelope.get(2) ?? new Uint8Array()) };
}

function messageId(apiVersion: string, kind: string): string {
  const [group = '', version] = apiVersion.split('/');
  const folder = version === undefined ? `core/${group}` : `${group.split('.')[0]}/${version}`;
  // Options belong to no group and travel under any.
  const found = [`${folder}.${kind}`, `meta/v1.${kind}`].find((id) => Object.hasOwn(messages, id));
  if (found !== undefined) return found;
  throw new QuorateError(
    'unsupported-media-type',
    `the body of the request was in an unknown format - ${kind} of ${apiVersion} is accepted as: application/json, application/yaml`,
  );
}

function readMessage(id: string, bytes: Uint8Array): Values {
  const fields = tableOf(id);
  const object: Values = {};
  for (const wire of readFields(bytes)) {
    const field = fields.get(wire.number);
    if (field) readField(object, field, wire);
  }
  return object;
}

function readField(object: Values, { name, type }: Field, wire: WireField): void {
  if (name === '*') {
    Object.assign(object, readMessage(type.replace(/^\?/, ''), wire.bytes));
    return;
  }
  switch (type.charAt(0)) {
    case '?':
      object[name] = readValue(type.slice(1), wire);
      return;
    case '[': {
      const list = (object[name] ??= []) as unknown[];
      list.push(readValue(type.slice(1), wire));
      return;
    }
    case '{': {
      const map = (object[name] ??= {}) as Values;
      const [key, value] = readEntry(type.slice(1), wire.bytes);
      Object.defineProperty(map, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      return;
    }
    default: {
      const value = readValue(type, wire);
      if (!isEmpty(value)) object[name] = value;
    }
  }
}

function readEntry(type: string, bytes: Uint8Array): [key: string, value: unknown] {
  let key = '';
  let value = readValue(type, { number: 2, varint: 0n, bytes: new Uint8Array() });
  for (const wire of readFields(bytes)) {
    if (wire.number === 1) key = text(wire.bytes);
    else if (wire.number === 2) value = readValue(type, wire);
  }
  return [key, value];
}

function readValue(type: string, { varint, bytes }: WireField): unknown {
  switch (type) {
    case 's':
      return text(bytes);
    case 'i':
      return Number(BigInt.asIntN(64, varint));
    case 'b':
      return varint !== 0n;
    case 'y':
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    case 't':
      return readTime(bytes, 0);
    case 'u':
      return readTime(bytes, 6);
    case 'q':
      return readQuantity(bytes);
    case 'o':
      return readIntOrString(bytes);
    case 'f':
      return readFieldSet(bytes);
    default:
      return readMessage(type, bytes);
  }
}

/** Seconds since the epoch and nanoseconds; the zero time is none at all. */
function readTime(bytes: Uint8Array, digits: 0 | 6): string | undefined {
  let seconds = 0;
  let nanos = 0;
  for (const { number, varint } of readFields(bytes)) {
    if (number === 1) seconds = Number(BigInt.asIntN(64, varint));
    else if (number === 2) nanos = Number(varint);
  }
  if (seconds === 0 && nanos === 0) return undefined;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw badRequest('a time in the body is out of range');
  const whole = date.toISOString().slice(0, 19);
  const fraction = digits === 0 ? '' : `.${String(nanos).padStart(9, '0').slice(0, digits)}`;
  return `${whole}${fraction}Z`;
}

/** JSON within the message. */
function readFieldSet(bytes: Uint8Array): unknown {
  for (const { number, bytes: part } of readFields(bytes)) {
    if (number === 1 && part.length > 0) return fromJson(Buffer.from(part), 'managedFields');
  }
  return {};
}

function readQuantity(bytes: Uint8Array): string {
  let value = '0';
  for (const field of readFields(bytes)) if (field.number === 1) value = text(field.bytes);
  return value;
}

function readIntOrString(bytes: Uint8Array): number | string {
  let isString = false;
  let int = 0;
  let string = '';
  for (const { number, varint, bytes: part } of readFields(bytes)) {
    if (number === 1) isString = varint === 1n;
    else if (number === 2) int = Number(BigInt.asIntN(64, varint));
    else if (number === 3) string = text(part);
  }
  return isString ? string : int;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === '' || value === 0 || value === false;
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

/** A message's fields by number: `name number type`, with commas between them. */
function tableOf(id: string): ReadonlyMap<number, Field> {
  let table = tables.get(id);
  if (!table) {
    const lines = (messages as Record<string, string>)[id]?.split(', ') ?? [];
    table = new Map(
      lines
        .filter((line) => line !== '')
        .map((line) => {
          const [name = '', number = '', type = ''] = line.split(' ');
          return [Number(number), { name, type }];
        }),
    );
    tables.set(id, table);
  }
  return table;
}
