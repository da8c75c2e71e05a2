export { type AgentConfig, defaultAgentConfig } from './config.ts';
export { type Agent, type AgentApi, type AgentOptions, createAgent } from './server.ts';
