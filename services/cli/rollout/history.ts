import type { Json, PodTemplateSpec, ReplicaSet } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { reference } from '../objects/kinds.ts';
import { equalJson } from '../objects/apply-merge.ts';
import { templateSection } from '../describe/common.ts';
import { formatSection } from '../describe/text.ts';
import { refs } from '../objects/refs.ts';
import { labelSelectorText } from '../objects/selector-text.ts';
import type { Session } from '../objects/session.ts';
import { formatTable } from '../print/table.ts';
import type { Rollout } from './rollout.ts';

const revisionAnnotation = 'deployment.kubernetes.io/revision';
const changeCauseAnnotation = 'kubernetes.io/change-cause';
const hashLabel = 'pod-template-hash';

interface Revision {
  readonly number: number;
  readonly changeCause: string;
  /** Without the label that the controller adds. */
  readonly template: PodTemplateSpec;
}

/** One revision for each ReplicaSet that the deployment keeps, the oldest first. */
async function revisionsOf(session: Session, { deployment }: Rollout): Promise<Revision[]> {
  const { items } = await session.api.list<ReplicaSet>(refs.replicaSets, {
    namespace: session.namespace,
    labelSelector: labelSelectorText(deployment.spec?.selector),
  });
  return items
    .filter(({ metadata }) =>
      metadata?.ownerReferences?.some(({ uid }) => uid === deployment.metadata?.uid),
    )
    .map((replicaSet) => ({
      number: Number(replicaSet.metadata?.annotations?.[revisionAnnotation] ?? 0),
      changeCause: replicaSet.metadata?.annotations?.[changeCauseAnnotation] ?? '<none>',
      template: withoutHash(replicaSet.spec?.template ?? {}),
    }))
    .toSorted((a, b) => a.number - b.number);
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const labels = { ...template.metadata?.labels };
  delete labels[hashLabel];
  return { ...template, metadata: { ...template.metadata, labels } };
}

export async function printHistory(
  context: Context,
  session: Session,
  rollout: Rollout,
  revision: number,
): Promise<void> {
  const revisions = await revisionsOf(session, rollout);
  const head = reference(rollout.kind, rollout.name);
  if (revision === 0) {
    const rows = revisions.map(({ number, changeCause }) => [String(number), changeCause]);
    context.out.write(`${head} \n${formatTable(['revision', 'change-cause'], rows, { gap: 2 })}\n`);
    return;
  }
  const { template } = find(revisions, revision);
  const described = formatSection([['Pod Template', templateSection(template)]]);
  context.out.write(`${head} with revision #${revision}\n${described}`);
}

export async function rollBack(
  context: Context,
  session: Session,
  rollout: Rollout,
  toRevision: number,
): Promise<void> {
  const { kind, name, deployment } = rollout;
  if (deployment.spec?.paused) {
    throw new CommandError(
      `you cannot rollback a paused deployment; resume it first with 'quorate rollout resume' and try again`,
    );
  }
  const revisions = await revisionsOf(session, rollout);
  const target = toRevision === 0 ? revisions.at(-2) : find(revisions, toRevision);
  if (!target) throw new CommandError(`no rollout history found for deployment "${name}"`);
  const now = withoutHash(deployment.spec?.template ?? {}) as Json;
  if (equalJson(now, target.template as Json)) {
    context.out.write(
      `${reference(kind, name)} skipped rollback (current template already matches revision ${target.number})\n`,
    );
    return;
  }
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: deployment.metadata?.resourceVersion },
    { op: 'replace', path: '/spec/template', value: target.template },
  ];
  await session.api.patch(kind, name, 'json', patch, { namespace: session.namespace });
  context.out.write(`${reference(kind, name)} rolled back\n`);
}

function find(revisions: readonly Revision[], number: number): Revision {
  const revision = revisions.find((one) => one.number === number);
  if (revision) return revision;
  throw new CommandError(`unable to find specified revision ${number} in history`);
}
