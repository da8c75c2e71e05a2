import type { ServiceDefinition } from '@grpc/grpc-js';

/** One file of a service's description, as gRPC's reflection hands it out. */
export interface ProtoFile {
  readonly name: string;
  /** A serialized google.protobuf.FileDescriptorProto. */
  readonly bytes: Uint8Array;
  /** Full names of the services, methods, messages and enums in it. */
  readonly symbols: ReadonlySet<string>;
  /** Names of the files it needs. */
  readonly dependencies: readonly string[];
}

/** Numbers in google/protobuf/descriptor.proto. */
const fileFields = { name: 1, package: 2, dependency: 3, message: 4, enum: 5, service: 6 } as const;
const messageFields = { name: 1, field: 2, nested: 3, enum: 4 } as const;
const fieldTypeName = 6;
const serviceMethod = 2;
const lengthDelimited = 2;

/** All files behind the services. The loader makes one of each package, and leaves out what it needs. */
export function protoFiles(services: readonly ServiceDefinition[]): ProtoFile[] {
  const files = new Map<string, Parsed>();
  for (const service of services) {
    const [method] = Object.values(service) as unknown as Loaded[];
    // Every type knows all files that were loaded with it.
    for (const bytes of method?.requestType.fileDescriptorProtos ?? []) {
      const file = parse(bytes);
      files.set(file.name, file);
    }
  }
  const all = [...files.values()];
  return all.map((file) => complete(file, all));
}

/** What the loader knows of a method beyond what a server needs. */
interface Loaded {
  readonly requestType: { readonly fileDescriptorProtos: readonly Uint8Array[] };
}

interface Parsed {
  readonly name: string;
  readonly pkg: string;
  readonly bytes: Uint8Array;
  readonly symbols: Set<string>;
  readonly references: Set<string>;
}

function complete({ name, pkg, bytes, symbols, references }: Parsed, all: readonly Parsed[]) {
  const needed = all.filter(
    (other) => other.pkg !== pkg && [...references].some((type) => isIn(type, other.pkg)),
  );
  const dependencies = needed.map((other) => other.name);
  // In protobuf's encoding, what is repeated may be added at the end.
  const added = dependencies.map((dependency) => {
    const text = Buffer.from(dependency);
    return Buffer.concat([Buffer.of(tag(fileFields.dependency), text.length), text]);
  });
  return { name, bytes: Buffer.concat([bytes, ...added]), symbols, dependencies };
}

const tag = (field: number): number => field * 8 + lengthDelimited;

/** References are full names, or relative to their own package. */
function isIn(type: string, pkg: string): boolean {
  return type.replace(/^\./, '').startsWith(`${pkg}.`);
}

function parse(bytes: Uint8Array): Parsed {
  const file = new Map(parts(bytes).map(([field, value]) => [field, text(value)]));
  const name = file.get(fileFields.name) ?? '';
  const pkg = file.get(fileFields.package) ?? '';
  const symbols = new Set<string>();
  const references = new Set<string>();
  for (const [field, value] of parts(bytes)) {
    if (field === fileFields.message) addMessage(value, pkg, symbols, references);
    else if (field === fileFields.enum) symbols.add(`${pkg}.${nameOf(value)}`);
    else if (field === fileFields.service) addService(value, pkg, symbols, references);
  }
  return { name, pkg, bytes, symbols, references };
}

function addMessage(
  bytes: Uint8Array,
  scope: string,
  symbols: Set<string>,
  references: Set<string>,
): void {
  const full = `${scope}.${nameOf(bytes)}`;
  symbols.add(full);
  for (const [field, value] of parts(bytes)) {
    if (field === messageFields.nested) addMessage(value, full, symbols, references);
    else if (field === messageFields.enum) symbols.add(`${full}.${nameOf(value)}`);
    else if (field === messageFields.field) addReferences(value, [fieldTypeName], references);
  }
}

function addService(
  bytes: Uint8Array,
  scope: string,
  symbols: Set<string>,
  references: Set<string>,
): void {
  const full = `${scope}.${nameOf(bytes)}`;
  symbols.add(full);
  for (const [field, value] of parts(bytes)) {
    if (field !== serviceMethod) continue;
    symbols.add(`${full}.${nameOf(value)}`);
    addReferences(value, [2, 3], references);
  }
}

function addReferences(
  bytes: Uint8Array,
  fields: readonly number[],
  references: Set<string>,
): void {
  for (const [field, value] of parts(bytes)) {
    if (fields.includes(field)) references.add(text(value));
  }
}

function nameOf(bytes: Uint8Array): string {
  const name = parts(bytes).find(([field]) => field === 1);
  return name ? text(name[1]) : '';
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** The fields of a message that are strings, bytes or messages themselves. */
function parts(bytes: Uint8Array): [field: number, value: Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    if ((key & 7) !== lengthDelimited) {
      // Descriptors have nothing but these two.
      varint();
      continue;
    }
    const length = varint();
    found.push([key >>> 3, bytes.subarray(at, at + length)]);
    at += length;
  }
  return found;
}
