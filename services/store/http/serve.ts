import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { QuorateError } from '#shared/base';
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

export type HttpParts = HealthParts &
  Omit<GatewayParts, 'loopback'> &
  Omit<MetricsParts, 'health'> & {
    /** Hands a connection to this member's gRPC server. */
    readonly loopback: (connection: Duplex) => void;
  };

/** Everything on the client port that is not gRPC. */
export function createHttpListener(parts: HttpParts): RequestListener {
  const { version } = parts;
  const health = new HealthCounts();
  const readyz = readyzChecks(parts);
  const livez = livezChecks(parts);
  const handlers = new Map<string, HttpHandler>([
    ['/health', healthHandler(parts, health)],
    ['/metrics', metricsHandler({ ...parts, health })],
    ['/version', versionHandler(version)],
  ]);
  for (const [kind, checks] of Object.entries({ readyz, livez })) {
    const handler = checksHandler(kind, checks, health);
    handlers.set(`/${kind}`, handler);
    for (const name of Object.keys(checks)) handlers.set(`/${kind}/${name}`, handler);
  }
  const gateway = createGateway({ ...parts, loopback: new Loopback(parts.loopback) });
  return (request, response) => {
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
    if (request.method === 'OPTIONS') {
      response.end();
      return;
    }
    const [path = '/', query] = (request.url ?? '/').split('?', 2);
    const handler = path.startsWith('/v3/') ? gateway : handlers.get(path);
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

/** etcd's default: anybody's page may ask. */
const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE',
  'access-control-allow-headers': 'accept, content-type, authorization',
};

function versionHandler(version: string): HttpHandler {
  return (request, response) => {
    if (refuseOtherThanGet(request, response)) return;
    const body = JSON.stringify({ etcdserver: version, etcdcluster: version });
    answer(response, 200, 'application/json', body);
  };
}
