import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { TLSSocket } from 'node:tls';
import { errorCodes, must, QuorateError } from '#shared/base';
import { commonNameOf } from '../tls/admission.ts';
import { grpcTimeout } from './grpc-timeout.ts';
import { JsonMapping } from './json-mapping.ts';
import { JsonValues, parseExact } from './json-values.ts';
import { type GrpcCall, grpcCodes, type GrpcStatus, type Loopback } from './loopback.ts';
import { answer, answerText, type HttpHandler } from './answers.ts';
import { routes } from './routes.ts';

/** One method as its service's definition has it. */
export interface MethodDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
  readonly requestType: { readonly type: object };
  readonly responseType: { readonly type: object };
}

export interface GatewayParts {
  readonly loopback: Loopback;
  /** Whatever the gRPC packages define under a full name: a service or the type of a message. */
  readonly find: (name: string) => unknown;
  /** As gRPC allows. */
  readonly maxRequestBytes: number;
  /** Elsewhere the common name of a client certificate is a user now. */
  readonly namesCount: () => boolean;
}

/** grpc-gateway's table, by gRPC code. */
const httpStatus = [
  200, 408, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

/** etcd's JSON gateway: each request is a gRPC call to this member itself. */
export function createGateway(parts: GatewayParts): HttpHandler {
  const { loopback, find, maxRequestBytes } = parts;
  const mapping = new JsonMapping(find);
  return async (request, response) => {
    const route = routes.get(pathOf(request));
    const service = route && (find(route.service) as { service: Record<string, MethodDefinition> });
    const method = service?.service[route?.method ?? ''];
    if (!route || !method) {
      answerText(response, 404, 'Not Found');
      return;
    }
    if (request.method !== 'POST') {
      answerText(response, 405, 'Method Not Allowed');
      return;
    }
    if (parts.namesCount() && hasName(request)) {
      answerText(response, 400, commonNameRefusal);
      return;
    }
    const headers = metadataOf(request);
    if (headers instanceof QuorateError) {
      answerError(response, { code: errorCodes[headers.code].grpc, message: headers.message });
      return;
    }
    const call = loopback.call(method.path, headers);
    response.on('close', () => call.cancel());
    const name = (type: { type: object }): string =>
      `${route.service.slice(0, route.service.indexOf('.'))}.${(type.type as { name: string }).name}`;
    const send = (text: string): void => {
      const message = mapping.fromJson(name(method.requestType), parse(text));
      call.send(method.requestSerialize(message as never));
    };
    const toJson = (bytes: Buffer): string =>
      JSON.stringify(
        mapping.toJson(
          name(method.responseType),
          method.responseDeserialize(bytes) as Record<string, unknown>,
        ),
      );
    const asked = ask(request, method, send, maxRequestBytes).then(() => call.end());
    const refused = refusal(asked, method.requestStream ? grpcCodes.unknown : undefined);
    if (method.responseStream) await answerStream(call, refused, response, toJson);
    else await answerOne(call, refused, response, toJson);
    // What nobody wants to read must not stand before the connection's next request.
    request.resume();
  };
}

/** etcd's: a name that looks as if it counted here would mislead. */
const commonNameRefusal =
  'CommonName of client sending a request against gateway will be ignored and not used as expected';

function hasName({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket && commonNameOf(socket.getPeerCertificate()) !== '';
}

/** Sends what the body holds; rejects where that is no request. */
async function ask(
  request: IncomingMessage,
  method: MethodDefinition,
  send: (text: string) => void,
  maxRequestBytes: number,
): Promise<void> {
  const values = new JsonValues();
  let sent = 0;
  request.setEncoding('utf8');
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    for (const text of values.push(chunk as string)) {
      // Like etcd's gateway: what follows the one object of a unary call is ignored.
      if (sent === 0 || method.requestStream) send(text);
      sent++;
    }
    // Base64 is a third longer than the bytes it stands for.
    if (values.length > 2 * maxRequestBytes) {
      throw new QuorateError('resource-exhausted', 'grpc: received message larger than max');
    }
  }
  if (sent > 0) return;
  const { rest } = values;
  if (/^[[{]/.test(rest)) throw new QuorateError('bad-request', 'unexpected EOF');
  // Neither an object nor the beginning of one.
  if (!['', 'null'].includes(rest)) send(rest);
  else if (!method.requestStream) send('{}');
}

async function answerOne(
  call: GrpcCall,
  asking: Promise<GrpcStatus | undefined>,
  response: ServerResponse,
  toJson: (bytes: Buffer) => string,
): Promise<void> {
  let answered: Buffer | undefined;
  const refused = await asking;
  if (refused) {
    answerError(response, refused);
    return;
  }
  for await (const message of call.messages()) answered = message;
  const status = await call.status;
  if (status.code === grpcCodes.ok) {
    response.setHeader('grpc-metadata-content-type', 'application/grpc');
    answerJson(response, 200, toJson(must(answered, 'an answer')));
  } else answerError(response, status);
}

const streamHeaders = {
  'content-type': 'application/json',
  'grpc-metadata-content-type': 'application/grpc',
};

/** One line per message, each beneath `result`; an error is the last line, or the whole answer. */
async function answerStream(
  call: GrpcCall,
  asking: Promise<GrpcStatus | undefined>,
  response: ServerResponse,
  toJson: (bytes: Buffer) => string,
): Promise<void> {
  let refused: GrpcStatus | undefined;
  const asked = asking.then((status) => {
    refused = status;
    if (status) call.cancel();
  });
  for await (const message of call.messages()) {
    if (!response.headersSent) response.writeHead(200, streamHeaders);
    if (!response.write(`{"result":${toJson(message)}}\n`)) await drained(response);
  }
  const ended = await call.status;
  await (ended.code === grpcCodes.ok ? asked : undefined);
  const status = refused ?? ended;
  if (status.code !== grpcCodes.ok && !response.headersSent) {
    answerError(response, status);
    return;
  }
  if (status.code !== grpcCodes.ok) {
    const { code, message } = status;
    const http_code = httpStatus[code] ?? 500;
    const error = { grpc_code: code, http_code, message, http_status: STATUS_CODES[http_code] };
    response.write(`${JSON.stringify({ error })}\n`);
  } else if (!response.headersSent) response.writeHead(200, streamHeaders);
  response.end();
}

/** Why the request was none. A stream that begins with no message is, as in etcd, an unknown error. */
async function refusal(
  asked: Promise<void>,
  code: number = grpcCodes.invalidArgument,
): Promise<GrpcStatus | undefined> {
  try {
    await asked;
    return undefined;
  } catch (thrown) {
    const { message } = QuorateError.from(thrown);
    if (QuorateError.is(thrown, 'resource-exhausted')) {
      return { code: grpcCodes.resourceExhausted, message };
    }
    return { code, message };
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}

function answerError(response: ServerResponse, { code, message }: GrpcStatus): void {
  const status = httpStatus[code] ?? 500;
  answerJson(response, status, JSON.stringify({ error: message, message, code }));
}

function answerJson(response: ServerResponse, status: number, json: string): void {
  answer(response, status, 'application/json', json);
}

/** As it is since etcd 3.4: before that, and there still, it begins otherwise. */
function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return (end < 0 ? url : url.slice(0, end)).replace(/^\/v3beta\//, '/v3/');
}

const metadataPrefix = 'grpc-metadata-';

/** The headers that grpc-gateway passes on: tokens, deadlines and whatever is marked as metadata; or what is wrong with them. */
function metadataOf({ headers }: IncomingMessage): Record<string, string> | QuorateError {
  const metadata: Record<string, string> = {};
  try {
    const timeout = grpcTimeout(String(headers['grpc-timeout'] ?? ''));
    if (timeout !== undefined) metadata['grpc-timeout'] = timeout;
  } catch (thrown) {
    return QuorateError.from(thrown);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') continue;
    if (name === 'authorization') metadata[name] = value;
    if (name.startsWith(metadataPrefix)) metadata[name.slice(metadataPrefix.length)] = value;
  }
  return metadata;
}

function parse(text: string): unknown {
  try {
    return parseExact(text);
  } catch (thrown) {
    throw new QuorateError('bad-request', (thrown as SyntaxError).message);
  }
}
