import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { QuorateError } from '#shared/base';
import { type Access, type AccessRules, createAccess } from './access.ts';
import { answer, answerText, type HttpHandler, refuseOtherThanGet } from './answers.ts';
import { createGateway, type GatewayParts } from './gateway.ts';
import {
  checksHandler,
  HealthCounts,
  healthHandler,
  type HealthParts,
  livezChecks,
  readyzChecks,
} from './health.ts';
import { Loopback } from './loopback.ts';
import { metricsHandler, type MetricsParts } from './metrics.ts';
import { varsHandler } from './vars.ts';

export type HttpParts = HealthParts &
  AccessRules &
  Omit<GatewayParts, 'loopback'> &
  Omit<MetricsParts, 'health'> & {
    /** Hands a connection to this member's gRPC server. */
    readonly loopback: (connection: Duplex) => void;
    readonly enableGrpcGateway: boolean;
  };

export interface HttpListeners {
  readonly client: RequestListener;
  readonly metrics: RequestListener;
}

/** Everything on the client port that is not gRPC, and what of it goes to ports for metrics alone. */
export function createHttpListeners(parts: HttpParts): HttpListeners {
  const metrics = monitoringHandlers(parts);
  const client = new Map(metrics).set('/version', versionHandler(parts.version));
  const { loopback, enableGrpcGateway } = parts;
  const gateway = enableGrpcGateway
    ? createGateway({ ...parts, loopback: new Loopback(loopback) })
    : undefined;
  const access = createAccess(parts);
  return {
    client: listener(access, (path) => (/^\/v3(beta)?\//.test(path) ? gateway : client.get(path))),
    metrics: listener(access, (path) => metrics.get(path)),
  };
}

function monitoringHandlers(parts: HttpParts): Map<string, HttpHandler> {
  const health = new HealthCounts();
  const handlers = new Map<string, HttpHandler>([
    ['/health', healthHandler(parts, health)],
    ['/metrics', metricsHandler({ ...parts, health })],
    ['/debug/vars', varsHandler(parts)],
  ]);
  for (const [kind, checks] of Object.entries({
    readyz: readyzChecks(parts),
    livez: livezChecks(parts),
  })) {
    const handler = checksHandler(kind, checks, health);
    handlers.set(`/${kind}`, handler);
    for (const name of Object.keys(checks)) handlers.set(`/${kind}/${name}`, handler);
  }
  return handlers;
}

function listener(
  access: Access,
  find: (path: string) => HttpHandler | undefined,
): RequestListener {
  return (request, response) => {
    if (access(request, response)) return;
    const [path = '/', query] = (request.url ?? '/').split('?', 2);
    const handler = find(path);
    const serve = async (): Promise<void> => {
      if (handler) await handler(request, response, new URLSearchParams(query));
      else answerText(response, 404, '404 page not found');
    };
    serve().catch((thrown: unknown) => {
      if (!response.headersSent) answerText(response, 500, QuorateError.from(thrown).message);
      else response.destroy();
    });
  };
}

function versionHandler(version: string): HttpHandler {
  return (request, response) => {
    if (refuseOtherThanGet(request, response)) return;
    const body = JSON.stringify({ etcdserver: version, etcdcluster: version });
    answer(response, 200, 'application/json', body);
  };
}
