import { Command } from 'commander';
import type {
  EndpointSlice,
  Event,
  KindInfo,
  KubeObject,
  Lease,
  Pod,
  ReplicaSet,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Context } from '../context.ts';
import { eventsTable } from '../describe/common.ts';
import { describeNode } from '../describe/node.ts';
import { describeAny, describeConfigMap, describeSecret } from '../describe/plain.ts';
import { describePod } from '../describe/pod.ts';
import { describeService } from '../describe/service.ts';
import { describeDeployment, describeReplicaSet } from '../describe/workloads.ts';
import { qualified } from '../objects/kinds.ts';
import { refs } from '../objects/refs.ts';
import { reporting, selectObjects } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { addSelectors, type SelectorOptions } from '../options.ts';

export function command(context: Context): Command {
  return addSelectors(new Command())
    .usage('TYPE [NAME...] | TYPE/NAME ... [flags]')
    .argument('[args...]')
    .action((args: string[], options: SelectorOptions) =>
      withSession(context, options, (session) => describe(context, session, args, options)),
    );
}

async function describe(
  context: Context,
  session: Session,
  args: readonly string[],
  options: SelectorOptions,
): Promise<void> {
  const found = await selectObjects(context, session, args, options, 'describe');
  let described = 0;
  for (const { kind, object } of found) {
    await reporting(context, async () => {
      const body = await bodyOf(session, kind, object, context.clock.now());
      const events = await eventsOf(session, kind, object);
      if (described > 0) context.out.write('\n\n');
      context.out.write(body + eventsTable(events, context.clock.now()));
      described++;
    });
  }
  if (found.length === 0 && args.length === 1 && !args[0]?.includes('/')) {
    const where = options.allNamespaces ? '' : ` in ${session.namespace} namespace`;
    context.err.write(`No resources found${where}.\n`);
  }
}

/** What describes a kind may ask the server for what stands around the object. */
type Describer = (session: Session, object: KubeObject, nowMs: number) => string | Promise<string>;

const inNamespaceOf = (object: KubeObject): { namespace: string } => ({
  namespace: object.metadata?.namespace ?? '',
});

const describers: Readonly<Record<string, Describer>> = {
  pods: (_session, object) => describePod(object),
  nodes: async ({ api }, object, nowMs) => {
    const name = object.metadata?.name ?? '';
    const fieldSelector = `spec.nodeName=${name}`;
    const [pods, lease] = await Promise.all([
      api.list<Pod>(refs.pods, { fieldSelector }),
      api.get<Lease>(refs.leases, name, 'kube-node-lease').catch(ifAbsent),
    ]);
    return describeNode(object, pods.items, lease, nowMs);
  },
  'deployments.apps': async ({ api }, object) => {
    const { items } = await api.list<ReplicaSet>(refs.replicaSets, inNamespaceOf(object));
    return describeDeployment(object, items);
  },
  'replicasets.apps': (_session, object) => describeReplicaSet(object),
  services: async ({ api }, object) => {
    const labelSelector = `kubernetes.io/service-name=${object.metadata?.name ?? ''}`;
    const scope = { ...inNamespaceOf(object), labelSelector };
    const { items } = await api.list<EndpointSlice>(refs.endpointSlices, scope);
    return describeService(object, items);
  },
  configmaps: (_session, object) => describeConfigMap(object),
  secrets: (_session, object) => describeSecret(object),
};

function ifAbsent(thrown: unknown): undefined {
  if (!QuorateError.is(thrown, 'not-found')) throw thrown;
}

async function bodyOf(
  session: Session,
  kind: KindInfo,
  object: KubeObject,
  nowMs: number,
): Promise<string> {
  const describer = describers[qualified(kind)];
  return describer ? describer(session, object, nowMs) : describeAny(object);
}

async function eventsOf(session: Session, kind: KindInfo, object: KubeObject): Promise<Event[]> {
  const { name = '', namespace, uid } = object.metadata ?? {};
  const { items } = await session.api.list<Event>(refs.events, {
    namespace: namespace ?? 'default',
    fieldSelector: `involvedObject.name=${name},involvedObject.kind=${kind.kind}`,
  });
  // An earlier object of this name has its own story. A node's uid is its name to its agent.
  return items.filter(
    ({ involvedObject }) =>
      !involvedObject.uid || involvedObject.uid === uid || involvedObject.uid === name,
  );
}
