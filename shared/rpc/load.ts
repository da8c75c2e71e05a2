import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type Options } from '@grpc/proto-loader';
import { protoRoot } from './proto-root.ts';

/** The same options as in the `gen` script: 64-bit integers are exact decimal strings. */
const options: Options = {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
  includeDirs: [protoRoot],
};

/** Reading one takes tens of milliseconds, and whoever makes a client asks for it. */
const loaded = new Map<string, GrpcObject>();

/**
 * Loads .proto files, named relative to proto/, as grpc-js service definitions, which are shared by all
 * who ask for them. The caller names the generated `ProtoGrpcType` as `T`.
 */
export function loadProto<T>(...files: string[]): T {
  const name = files.join();
  const known = loaded.get(name) ?? loadPackageDefinition(loadSync(files, options));
  loaded.set(name, known);
  return known as T;
}
