export { type CallLimits, connect, serverStream, unary } from './channel.ts';
export { fromServiceError, toStatus } from './errors.ts';
export { loadProto } from './load.ts';
export { packageRoot, protoRoot } from './proto-root.ts';
export { createServer, handleUnary, listen, shutdown } from './server.ts';
