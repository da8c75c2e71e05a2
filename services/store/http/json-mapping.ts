import { must, QuorateError } from '#shared/base';

/** What a gRPC package knows of one message type; a slice of protobuf's descriptor. */
export interface MessageType {
  readonly field: readonly FieldType[];
  readonly enumType: readonly EnumType[];
}

interface FieldType {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}

interface EnumType {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number: number }[];
}

type Json = unknown;
type Fields = Record<string, unknown>;

const bad = (text: string): QuorateError => new QuorateError('bad-request', text);

/**
 * proto3's JSON mapping as etcd's gateway has it: bytes in base64, 64-bit integers as strings, the
 * .proto's own field names (requests may use lowerCamelCase), no fields with default values in
 * answers, unknown fields ignored in requests.
 */
export class JsonMapping {
  readonly #find: (path: string) => unknown;

  /** `find`: a type by its full name, such as `etcdserverpb.RangeRequest`. */
  constructor(find: (path: string) => unknown) {
    this.#find = find;
  }

  fromJson(typeName: string, json: Json): Fields {
    if (json === null || typeof json !== 'object' || Array.isArray(json)) {
      throw bad(`${kindOf(json)} is not a JSON object of type ${typeName}`);
    }
    const message: Fields = {};
    for (const field of this.#message(typeName).field) {
      const value = (json as Fields)[field.name] ?? (json as Fields)[camelCase(field.name)];
      if (value === undefined || value === null) continue;
      const one = (item: Json): unknown => this.#valueFromJson(typeName, field, item);
      if (!isRepeated(field)) message[field.name] = one(value);
      else if (Array.isArray(value)) message[field.name] = value.map(one);
      else throw bad(`${field.name}: ${kindOf(value)} is not an array`);
    }
    return message;
  }

  toJson(typeName: string, message: Fields): Record<string, Json> {
    const json: Record<string, Json> = {};
    for (const field of this.#message(typeName).field) {
      const value = message[field.name];
      if (value === undefined || value === null) continue;
      const one = (item: unknown): Json => this.#valueToJson(typeName, field, item);
      if (isRepeated(field)) {
        if ((value as unknown[]).length > 0) json[field.name] = (value as unknown[]).map(one);
      } else {
        const converted = one(value);
        if (!this.#isDefault(typeName, field, converted)) json[field.name] = converted;
      }
    }
    return json;
  }

  #valueFromJson(scope: string, field: FieldType, json: Json): unknown {
    const refuse = (what: string): QuorateError =>
      bad(`${field.name}: ${kindOf(json)} is not ${what}`);
    switch (field.type) {
      case 'TYPE_MESSAGE':
        return this.fromJson(this.#resolve(scope, field.typeName), json);
      case 'TYPE_ENUM':
        return this.#enumFromJson(scope, field, json);
      case 'TYPE_BYTES':
        if (typeof json !== 'string') throw refuse('base64 text');
        return bytesFromJson(field.name, json);
      case 'TYPE_STRING':
        if (typeof json !== 'string') throw refuse('a string');
        return json;
      case 'TYPE_BOOL':
        if (typeof json !== 'boolean') throw refuse('a boolean');
        return json;
      default:
        return integerFromJson(field, json);
    }
  }

  #enumFromJson(scope: string, field: FieldType, json: Json): string | number {
    const { value, name } = this.#enum(scope, field.typeName);
    const known = value.find((item) => item.name === json || item.number === json);
    if (known) return known.name;
    // What it means is the method's matter, as over gRPC.
    if (typeof json === 'number' && (json | 0) === json) return json;
    throw bad(`unknown value ${JSON.stringify(json)} for enum ${name}`);
  }

  #valueToJson(scope: string, field: FieldType, value: unknown): Json {
    if (field.type === 'TYPE_MESSAGE') {
      return this.toJson(this.#resolve(scope, field.typeName), value as Fields);
    }
    return field.type === 'TYPE_BYTES'
      ? Buffer.from(value as Uint8Array).toString('base64')
      : value;
  }

  #isDefault(scope: string, field: FieldType, json: Json): boolean {
    if (field.type === 'TYPE_MESSAGE') return false;
    if (field.type === 'TYPE_ENUM') {
      const [zero] = this.#enum(scope, field.typeName).value;
      return json === zero?.name;
    }
    return json === '' || json === '0' || json === 0 || json === false;
  }

  #message(typeName: string): MessageType {
    return (must(this.#find(typeName), `type ${typeName}`) as { type: MessageType }).type;
  }

  /** Descriptors name types as seen from where they are used. */
  #resolve(scope: string, name: string): string {
    const local = `${scope.slice(0, scope.lastIndexOf('.'))}.${name}`;
    return this.#find(local) ? local : name;
  }

  #enum(scope: string, name: string): EnumType {
    const nested = this.#message(scope).enumType.find((item) => item.name === name);
    if (nested) return nested;
    const [owner = '', inner = ''] = name.split('.');
    const other = inner ? this.#find(this.#resolve(scope, owner)) : undefined;
    const foreign = (other as { type: MessageType } | undefined)?.type.enumType;
    const found = foreign?.find((item) => item.name === inner);
    if (found) return found;
    return (must(this.#find(this.#resolve(scope, name)), `enum ${name}`) as { type: EnumType })
      .type;
  }
}

function isRepeated({ label }: FieldType): boolean {
  return label === 'LABEL_REPEATED';
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** With or without its padding; line ends within it do not matter. */
function bytesFromJson(name: string, text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const plain = text
    .replaceAll(/[\r\n]/g, '')
    .replace(/=+$/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  if (bytes.toString('base64').replace(/=+$/, '') !== plain) {
    throw bad(`${name}: illegal base64 data`);
  }
  return bytes;
}

function integerFromJson({ name, type }: FieldType, json: Json): string | number {
  const text = typeof json === 'number' || typeof json === 'string' ? String(json) : '';
  const [bits, unsigned] = [type.endsWith('64') ? 64 : 32, type.startsWith('TYPE_UINT')];
  if (!/^-?\d+$/.test(text)) throw bad(`${name}: ${JSON.stringify(json)} is not an integer`);
  const value = BigInt(text);
  const fits = unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
  if (fits !== value) throw bad(`${name}: ${text} is out of range`);
  return bits === 64 ? text : Number(text);
}

function kindOf(json: Json): string {
  if (json === null) return 'null';
  if (typeof json === 'object') return Array.isArray(json) ? 'an array' : 'an object';
  return `a ${typeof json}`;
}
