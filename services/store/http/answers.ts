import type { IncomingMessage, ServerResponse } from 'node:http';

export type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
) => Promise<void> | void;

/** Plain text with a line end, as Go's servers answer errors. */
export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text) + 1,
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(`${text}\n`);
}

/** The whole answer at once. */
export function answer(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** For what can only be read: answers anything but GET, and says whether it did. */
export function refuseOtherThanGet(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET') return false;
  answerText(response, 405, 'Method Not Allowed', { allow: 'GET' });
  return true;
}
