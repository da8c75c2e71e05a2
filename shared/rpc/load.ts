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

/**
 * Loads .proto files, named relative to proto/, as grpc-js service definitions. The caller names
 * the generated `ProtoGrpcType` as `T`.
 */
export function loadProto<T>(...files: string[]): T {
  const loaded: GrpcObject = loadPackageDefinition(loadSync(files, options));
  return loaded as T;
}
