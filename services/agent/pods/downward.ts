import type { Container, Pod } from '#shared/api';
import { QuorateError } from '#shared/base';

/** What the downward API speaks of, beside the pod's object. */
export interface DownwardContext {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly podIp: string;
  readonly hostIp: string;
  /** What the node offers to pods: a container without a limit may have all of it. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** A field of the downward API as text. Throws `invalid` for one that it does not have. */
export function fieldText(path: string, context: DownwardContext): string {
  const { metadata = {}, spec } = context.pod;
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (subscript) return metadata[subscript[1] as 'labels']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
    case 'metadata.annotations':
      return mapText(metadata[path === 'metadata.labels' ? 'labels' : 'annotations'] ?? {});
    case 'spec.nodeName':
      return context.nodeName;
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return context.podIp;
    case 'status.hostIP':
    case 'status.hostIPs':
      return context.hostIp;
    default:
      throw new QuorateError('invalid', `unsupported fieldPath: ${path}`);
  }
}

/** `key="value"` lines, in order, with Go's escapes. */
function mapText(map: Readonly<Record<string, string>>): string {
  const keys = Object.keys(map).sort();
  return keys.map((key) => `${key}=${JSON.stringify(map[key])}`).join('\n');
}

export function containerOf({ spec }: Pod, name = ''): Container | undefined {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return all.find((container) => container.name === name);
}
