import { QuorateError } from '#shared/base';
import { fromJson } from '../json.ts';
import { duplicateFields } from './duplicate-fields.ts';

/** Told what is in a body twice, worded as by Kubernetes' decoders. */
export type Twice = ((duplicates: readonly string[]) => void) | undefined;

/**
 * What a body of that media type says. Throws `bad-request` and `unsupported-media-type`, and `canceled` when the
 * signal aborts.
 */
export async function decodeBody(
  bytes: Buffer,
  type: string,
  signal: AbortSignal,
  twice: Twice,
): Promise<unknown> {
  if (type === 'application/yaml' || type.endsWith('+yaml')) return fromYaml(bytes, signal, twice);
  if (type === 'application/vnd.kubernetes.protobuf') {
    const { decodeProtobuf } = await import('./protobuf/decode.ts');
    return decodeProtobuf(bytes);
  }
  if (type === 'application/json' || type === '*/*' || type.endsWith('+json')) {
    return readJson(bytes, twice);
  }
  throw new QuorateError(
    'unsupported-media-type',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

function readJson(bytes: Buffer, twice: Twice): unknown {
  const value = fromJson(bytes, 'body');
  const duplicates = twice ? duplicateFields(bytes.toString()) : [];
  if (duplicates.length > 0) {
    twice?.(duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`));
  }
  return value;
}

async function fromYaml(bytes: Buffer, signal: AbortSignal, twice: Twice): Promise<unknown> {
  const text = bytes.toString();
  // kubectl sends JSON, which is YAML too.
  if (text.trimStart().startsWith('{') && isJson(text)) return readJson(bytes, twice);
  const { parseYaml } = await import('./yaml/yaml.ts');
  const { json, duplicates } = await parseYaml(text, signal);
  if (duplicates.length > 0) twice?.([`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`]);
  // As deep as any other body, and no deeper.
  return fromJson(Buffer.from(json), 'body');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
