import type { ServiceDefinition } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';

/*
 * protobufjs reads a field by its number, whatever the wire says its type is, and overlooks tags that
 * are none: garbage may come out as a request. So requests are walked over first, as etcd's decoder does.
 */

interface Field {
  readonly name: string;
  readonly wireType: number;
  /** A list of numbers, which may come as one packed field. */
  readonly packable: boolean;
  readonly message: string | undefined;
}

interface Shape {
  readonly name: string;
  readonly fields: ReadonlyMap<number, Field>;
}

/** What proto-loader tells of a message's type. */
interface Descriptor {
  readonly name: string;
  readonly field: readonly {
    readonly name: string;
    readonly number: number;
    readonly label: string;
    readonly type: string;
    readonly typeName: string;
  }[];
}

/** Of `package.Message`; undefined: there is none of that name. */
export type FindMessage = (name: string) => unknown;

const wire = {
  varint: 0,
  fixed64: 1,
  delimited: 2,
  startGroup: 3,
  endGroup: 4,
  fixed32: 5,
} as const;
const wireTypes: Readonly<Record<string, number>> = {
  TYPE_STRING: wire.delimited,
  TYPE_BYTES: wire.delimited,
  TYPE_MESSAGE: wire.delimited,
  TYPE_DOUBLE: wire.fixed64,
  TYPE_FIXED64: wire.fixed64,
  TYPE_SFIXED64: wire.fixed64,
  TYPE_FLOAT: wire.fixed32,
  TYPE_FIXED32: wire.fixed32,
  TYPE_SFIXED32: wire.fixed32,
};
/** protobuf's usual limit. */
const maxDepth = 100;

/** The service, refusing requests that are not of their type. */
export function strictly(service: ServiceDefinition, find: FindMessage): ServiceDefinition {
  const shapes = new Shapes(find);
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => {
      const { requestType } = method as { readonly requestType?: { readonly type: Descriptor } };
      const [, pkg = ''] = /^\/(.*)\.[^.]*\//.exec(method.path) ?? [];
      const type = requestType && `${pkg}.${requestType.type.name}`;
      if (type === undefined || !shapes.of(type)) return [name, method];
      const requestDeserialize = (bytes: Buffer): object => {
        shapes.check(type, bytes);
        return method.requestDeserialize(bytes) as object;
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
}

class Shapes {
  readonly #find: FindMessage;
  readonly #known = new Map<string, Shape | undefined>();

  constructor(find: FindMessage) {
    this.#find = find;
  }

  of(type: string): Shape | undefined {
    if (this.#known.has(type)) return this.#known.get(type);
    const found = this.#find(type) as { readonly type?: Descriptor } | undefined;
    const shape = found?.type && this.#make(type, found.type);
    this.#known.set(type, shape);
    return shape;
  }

  #make(type: string, descriptor: Descriptor): Shape {
    const fields = new Map<number, Field>();
    for (const { name, number, label, type: kind, typeName } of descriptor.field) {
      const wireType = wireTypes[kind] ?? wire.varint;
      fields.set(number, {
        name,
        wireType,
        packable: label === 'LABEL_REPEATED' && wireType !== wire.delimited,
        message: kind === 'TYPE_MESSAGE' ? this.#resolve(type, typeName) : undefined,
      });
    }
    return { name: descriptor.name, fields };
  }

  /** A name is looked for from the inside out. */
  #resolve(within: string, name: string): string {
    for (let scope = within; ; scope = scope.slice(0, scope.lastIndexOf('.'))) {
      if (this.#find(`${scope}.${name}`) !== undefined) return `${scope}.${name}`;
      if (!scope.includes('.')) return name;
    }
  }

  check(type: string, bytes: Buffer, start = 0, end = bytes.length, depth = 0): void {
    const shape = this.of(type);
    if (depth > maxDepth) throw malformed(`${type} is nested too deep`);
    for (let at = start; at < end; ) {
      const tag = varintAt(bytes, at, end);
      const number = Math.floor(tag.value / 8);
      const wireType = tag.value % 8;
      if (number === 0) {
        throw malformed(`proto: ${shape?.name}: illegal tag 0 (wire type ${wireType})`);
      }
      const field = shape?.fields.get(number);
      if (field && !fits(field, wireType)) {
        throw malformed(`proto: wrong wireType = ${wireType} for field ${field.name}`);
      }
      const content = spanAt(bytes, tag.end, end, wireType);
      if (field?.message !== undefined) {
        this.check(field.message, bytes, content.start, content.end, depth + 1);
      }
      at = content.end;
    }
  }
}

function fits({ wireType, packable }: Field, found: number): boolean {
  return found === wireType || (packable && found === wire.delimited);
}

/** Where a field's content lies, after its tag. */
function spanAt(
  bytes: Buffer,
  at: number,
  limit: number,
  wireType: number,
): { start: number; end: number } {
  let start = at;
  let end = at;
  if (wireType === wire.varint) end = varintAt(bytes, at, limit).end;
  else if (wireType === wire.fixed64) end = at + 8;
  else if (wireType === wire.fixed32) end = at + 4;
  else if (wireType === wire.delimited) {
    const length = varintAt(bytes, at, limit);
    start = length.end;
    end = start + length.value;
  } else if (wireType === wire.startGroup) end = groupEnd(bytes, at, limit);
  else throw malformed(`proto: illegal wireType ${wireType}`);
  if (end > limit) throw malformed('unexpected EOF');
  return { start, end };
}

/** Behind the tag that ends a group; what is in it, other groups too, means nothing here. */
function groupEnd(bytes: Buffer, start: number, limit: number): number {
  let at = start;
  for (let depth = 1; depth > 0; ) {
    const tag = varintAt(bytes, at, limit);
    const wireType = tag.value % 8;
    at = tag.end;
    if (wireType === wire.startGroup) depth++;
    else if (wireType === wire.endGroup) depth--;
    else at = spanAt(bytes, at, limit, wireType).end;
  }
  return at;
}

function varintAt(bytes: Buffer, start: number, end: number): { value: number; end: number } {
  let value = 0;
  let factor = 1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
    if (at - start === 9) throw malformed('proto: integer overflow');
    factor *= 128;
  }
  throw malformed('unexpected EOF');
}

/** In the words of Go's gRPC. */
function malformed(what: string): QuorateError {
  return new QuorateError('internal', `grpc: error unmarshalling request: ${what}`);
}
