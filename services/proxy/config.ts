/** What can be set of a proxy. Durations are milliseconds. */
export interface ProxyConfig {
  /**
   * Held by the one proxy of this machine that serves; see active.ts. The first address of the
   * Service CIDR.
   */
  readonly lockHost: string;
  readonly lockPort: number;
  /** How long connections to an endpoint may go on after it has left its Service. */
  readonly drainMs: number;
  /** An endpoint that does not answer a connection attempt by then is passed over. */
  readonly connectTimeoutMs: number;
  /** Before an address that could not be bound is tried again. */
  readonly bindRetryMs: number;
}

export const defaultProxyConfig: ProxyConfig = {
  lockHost: '127.96.0.1',
  lockPort: 26_400,
  drainMs: 30_000,
  connectTimeoutMs: 2_000,
  bindRetryMs: 1_000,
};
