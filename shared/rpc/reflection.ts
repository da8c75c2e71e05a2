import { type Server, type ServiceDefinition, status } from '@grpc/grpc-js';
import type { ServerReflectionHandlers } from './gen/grpc/reflection/v1/ServerReflection.ts';
import type { ServerReflectionRequest__Output } from './gen/grpc/reflection/v1/ServerReflectionRequest.ts';
import type { ServerReflectionResponse } from './gen/grpc/reflection/v1/ServerReflectionResponse.ts';
import type { ProtoGrpcType } from './gen/reflection.ts';
import { loadProto } from './load.ts';
import { type ProtoFile, protoFiles } from './proto-files.ts';

type Answer = Omit<ServerReflectionResponse, 'valid_host' | 'original_request'>;

/** Tells clients such as grpcurl what the server serves: call it after its other services are added. */
export function addReflection(
  server: Pick<Server, 'addService'>,
  services: readonly ServiceDefinition[],
): void {
  const { ServerReflection } = loadProto<ProtoGrpcType>('grpc/reflection.proto').grpc.reflection.v1;
  const v1 = ServerReflection.service;
  // What was there before, and older clients still ask for, is the same but for its name.
  const v1alpha = Object.fromEntries(
    Object.entries(v1).map(([name, method]) => [
      name,
      { ...method, path: method.path.replace('.v1.', '.v1alpha.') },
    ]),
  );
  let description: Description | undefined;
  const handlers: ServerReflectionHandlers = {
    ServerReflectionInfo: (call) => {
      call.on('data', (request: ServerReflectionRequest__Output) => {
        description ??= new Description([...services, v1]);
        const answer = description.answer(request);
        call.write({ valid_host: request.host, original_request: request, ...answer });
      });
      call.on('end', () => call.end());
    },
  };
  server.addService(v1, { ...handlers });
  server.addService(v1alpha, { ...handlers });
}

/** Made when it is first asked for. */
class Description {
  readonly #names: readonly string[];
  readonly #files: readonly ProtoFile[];

  constructor(services: readonly ServiceDefinition[]) {
    this.#names = services.map(nameOf);
    this.#files = protoFiles(services);
  }

  answer(request: ServerReflectionRequest__Output): Answer {
    switch (request.message_request) {
      case 'list_services':
        return { list_services_response: { service: this.#names.map((name) => ({ name })) } };
      case 'file_by_filename':
        return this.#file(({ name }) => name === request.file_by_filename);
      case 'file_containing_symbol':
        return this.#file(({ symbols }) => symbols.has(request.file_containing_symbol ?? ''));
      case 'file_containing_extension':
      case 'all_extension_numbers_of_type':
        return error(status.NOT_FOUND, 'there are no extensions');
      case undefined:
      default:
        return error(status.INVALID_ARGUMENT, 'the request asks for nothing');
    }
  }

  #file(wanted: (file: ProtoFile) => boolean): Answer {
    const found = this.#files.find(wanted);
    if (!found) return error(status.NOT_FOUND, 'not found');
    const needed = new Set([found]);
    for (const { dependencies } of needed) {
      for (const file of this.#files) if (dependencies.includes(file.name)) needed.add(file);
    }
    const bytes = Array.from(needed, (file) => Buffer.from(file.bytes));
    return { file_descriptor_response: { file_descriptor_proto: bytes } };
  }
}

function error(error_code: number, error_message: string): Answer {
  return { error_response: { error_code, error_message } };
}

/** `etcdserverpb.KV` of `/etcdserverpb.KV/Range`. */
function nameOf(service: ServiceDefinition): string {
  return Object.values(service)[0]?.path.split('/')[1] ?? '';
}
