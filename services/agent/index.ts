export { type AgentConfig, defaultAgentConfig } from './config.ts';
export { agentConfig } from './flags.ts';
export { type Agent, type AgentApi, type AgentOptions, createAgent } from './server.ts';
