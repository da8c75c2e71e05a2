export { defaultProxyConfig, type ProxyConfig } from './config.ts';
export { createProxy, type ProxyOptions } from './server.ts';
