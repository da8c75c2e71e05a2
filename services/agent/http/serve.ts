import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '#shared/runtime';

/** What is read over HTTP on the agent's port, beside gRPC: `/metrics`. Who may, the port has asked. */
export function httpServer(metrics: () => Promise<string>, log: Logger): Server {
  return createServer((request, response) => {
    request.resume();
    serve(request, response, metrics).catch((error: unknown) => {
      log.warn({ err: error, path: request.url }, 'cannot answer');
      if (response.headersSent) response.destroy();
      else answer(response, 500, 'the metrics cannot be read; the log of the agent says why');
    });
  });
}

async function serve(
  { method, url = '/' }: IncomingMessage,
  response: ServerResponse,
  metrics: () => Promise<string>,
): Promise<void> {
  const [path] = url.split('?');
  if (path !== '/metrics') return answer(response, 404, '404 page not found');
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return answer(response, 405, '405: Method Not Allowed');
  }
  response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
  response.end(await metrics());
}

function answer(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
