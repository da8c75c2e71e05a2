import type { Deployment, Pod, ReplicaSet } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { resolveKind } from './kinds.ts';
import { refs } from './refs.ts';
import { labelSelectorText } from './selector-text.ts';
import type { Session } from './session.ts';

/** A pod by its name, or one pod of a workload (`deployment/web`): one that runs, if any does. */
export async function podOf(context: Context, session: Session, name: string): Promise<Pod> {
  const { api, namespace } = session;
  const [type, object] = name.includes('/') ? name.split('/') : ['pods', name];
  const kind = resolveKind(await session.kinds(), type ?? '');
  if (kind.resource === 'pods') return api.get<Pod>(refs.pods, object ?? '', namespace);
  const owner = await api.get<Deployment | ReplicaSet>(kind, object ?? '', namespace);
  if (!owner.spec?.selector) throw new CommandError(`a ${kind.kind} has no pods`);
  const labelSelector = labelSelectorText(owner.spec.selector);
  const { items } = await api.list<Pod>(refs.pods, { namespace, labelSelector });
  const best = [...items].sort((a, b) => rank(a) - rank(b))[0];
  if (!best) throw new CommandError(`no pods of ${kind.singular}/${object} exist`);
  if (items.length > 1) {
    context.err.write(`Found ${items.length} pods, using pod/${best.metadata?.name}\n`);
  }
  return best;
}

const rank = (pod: Pod): number => (pod.status?.phase === 'Running' ? 0 : 1);
