import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerText } from './answers.ts';

export interface AccessRules {
  /** Origins whose pages may ask; `*`: all. */
  readonly corsOrigins: readonly string[];
  /** Host names that requests may be for; `*`: all. */
  readonly hostWhitelist: readonly string[];
}

/** Answers what is none of a handler's business, and says whether it did; as etcd's does. */
export type Access = (request: IncomingMessage, response: ServerResponse) => boolean;

export function createAccess({ corsOrigins, hostWhitelist }: AccessRules): Access {
  const origins = new Set(corsOrigins);
  const hosts = new Set(hostWhitelist);
  const anyOrigin = origins.size === 0 || origins.has('*');
  const anyHost = hosts.size === 0 || hosts.has('*');
  return (request, response) => {
    const host = hostName(request.headers.host ?? '');
    if (!anyHost && !hosts.has(host)) {
      answerText(response, 421, unknownHost(host));
      return true;
    }
    const { origin = '' } = request.headers;
    if (anyOrigin) allow(response, '*');
    else if (origins.has(origin)) allow(response, origin);
    if (request.method !== 'OPTIONS') return false;
    response.end();
    return true;
  };
}

/** Without its port. */
function hostName(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
}

function allow(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'POST, GET, OPTIONS, PUT, DELETE');
  response.setHeader('access-control-allow-headers', 'accept, content-type, authorization');
}

function unknownHost(host: string): string {
  return (
    `the Host header of this request, "${host}", is not among the host names that are served here ` +
    `(a page that rebinds its DNS name sends such requests): add it, --host-whitelist=${host}, or use TLS`
  );
}
