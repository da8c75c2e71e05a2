export { type AgentConfig, defaultAgentConfig } from './config.ts';
export { agentConfig } from './flags.ts';
export { type Agent, type AgentApi, type AgentOptions, createAgent } from './server.ts';
export type * from './host.ts';
export type * from './runtime/runtime.ts';
export { systemHost } from './system-host.ts';
export { AddressPool } from './runtime/process/address-pool.ts';
