export type { AdmissionOptions } from './admission/default-plugins.ts';
export type { GrpcListen } from './grpc/door.ts';
export type { ApplyApi } from './in-process-client.ts';
export type { RestListen } from './rest/door.ts';
export type { User } from './auth/user.ts';
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts';
export type { TokenKeys } from './tokens/keys.ts';
export type { SecurityOptions } from './auth/security.ts';
