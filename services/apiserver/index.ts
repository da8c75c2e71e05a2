export type { RestListen, ServerTls } from './rest/door.ts';
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts';
