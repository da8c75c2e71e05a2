import {
  type Quantity,
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
} from './quantity.ts';
import type { KubeObject } from './object.ts';
import { allocatesNodePorts } from './node-ports.ts';
import { qosClass } from './qos.ts';
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from './types.ts';

/** Amounts by the name that a quota has for them, such as `requests.cpu` or `count/jobs.batch`. */
export type Charges = ReadonlyMap<string, Quantity>;

/** The kind of what is charged. */
export interface ChargedKind {
  readonly group: string;
  readonly resource: string;
}

type Amounts = Readonly<Record<string, string>>;

const one: Quantity = { nano: 1_000_000_000n, format: 'decimal' };
const none: Quantity = { nano: 0n, format: 'decimal' };

/** Kinds of the core group that have a name without `count/`. */
const plainCounts = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);

const countName = ({ group, resource }: ChargedKind): string =>
  `count/${resource}${group === '' ? '' : `.${group}`}`;

/** What an object takes of a quota. A pod that has ended takes no more than its place in `count/pods`. */
export function chargesOf(kind: ChargedKind, object: KubeObject): Charges {
  const charges = new Map<string, Quantity>([[countName(kind), one]]);
  if (kind.group !== '') return charges;
  const ended = kind.resource === 'pods' && isOver(object);
  if (plainCounts.has(kind.resource) && !ended) charges.set(kind.resource, one);
  if (kind.resource === 'pods' && !ended) chargePod(charges, object);
  if (kind.resource === 'services') chargeService(charges, object);
  if (kind.resource === 'persistentvolumeclaims') {
    chargeClaim(charges, object);
  }
  return charges;
}

const isOver = ({ status }: Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** Kubernetes' rule: all containers at once, or the largest init container, whichever is more. */
function chargePod(charges: Map<string, Quantity>, { spec }: Pod): void {
  for (const which of ['requests', 'limits'] as const) {
    const sums = new Map<string, Quantity>();
    for (const { resources } of spec?.containers ?? []) addAll(sums, resources?.[which]);
    const sidecars = new Map<string, Quantity>();
    for (const { resources, restartPolicy } of spec?.initContainers ?? []) {
      if (restartPolicy === 'Always') {
        addAll(sums, resources?.[which]);
        addAll(sidecars, resources?.[which]);
        continue;
      }
      const needed = new Map(sidecars);
      addAll(needed, resources?.[which]);
      for (const [name, amount] of needed) {
        if (compareQuantities(amount, sums.get(name) ?? none) > 0) sums.set(name, amount);
      }
    }
    addAll(sums, spec?.overhead);
    for (const [name, amount] of sums) {
      charges.set(`${which}.${name}`, amount);
      if (which === 'requests' && isPlain(name)) charges.set(name, amount);
    }
  }
}

const isPlain = (name: string): boolean =>
  name === 'cpu' || name === 'memory' || name === 'ephemeral-storage';

function addAll(sums: Map<string, Quantity>, amounts: Amounts = {}): void {
  for (const [name, text] of Object.entries(amounts)) {
    sums.set(name, addQuantities(sums.get(name) ?? none, parseQuantity(text)));
  }
}

function chargeService(charges: Map<string, Quantity>, { spec }: Service): void {
  const ports = BigInt(spec?.ports?.length ?? 0);
  const nodePorts = { ...one, nano: one.nano * ports };
  const balanced = spec?.type === 'LoadBalancer';
  if (balanced) charges.set('services.loadbalancers', one);
  if (spec && allocatesNodePorts(spec)) charges.set('services.nodeports', nodePorts);
}

function chargeClaim(charges: Map<string, Quantity>, { spec }: PersistentVolumeClaim): void {
  const storage = spec?.resources?.requests?.['storage'];
  const amount = storage === undefined ? none : parseQuantity(storage);
  charges.set('requests.storage', amount);
  const { storageClassName: name } = spec ?? {};
  if (!name) return;
  const suffix = `${name}.storageclass.storage.k8s.io`;
  charges.set(`${suffix}/requests.storage`, amount);
  charges.set(`${suffix}/persistentvolumeclaims`, one);
}

/** Whether an object is of those that a quota's scopes pick. Scopes are about pods: others have none. */
export function inScopes({ spec }: ResourceQuota, kind: ChargedKind, object: KubeObject): boolean {
  const selectors = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (selectors.length === 0) return true;
  if (kind.group !== '' || kind.resource !== 'pods') return false;
  return selectors.every((selector) => inScope(object as Pod, selector));
}

function inScope(
  { spec }: Pod,
  selector: { scopeName: string; operator: string; values?: readonly string[] },
): boolean {
  const terminating = spec?.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
  switch (selector.scopeName) {
    case 'Terminating':
      return terminating;
    case 'NotTerminating':
      return !terminating;
    case 'BestEffort':
      return spec !== undefined && qosClass(spec) === 'BestEffort';
    case 'NotBestEffort':
      return spec !== undefined && qosClass(spec) !== 'BestEffort';
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    case 'PriorityClass':
      return hasPriority(spec?.priorityClassName ?? '', selector);
    default:
      return false;
  }
}

function hasPriority(
  name: string,
  { operator, values = [] }: { operator: string; values?: readonly string[] },
): boolean {
  if (operator === 'In') return values.includes(name);
  if (operator === 'NotIn') return !values.includes(name);
  return operator === 'DoesNotExist' ? name === '' : name !== '';
}

function crossesNamespaces(spec: Pod['spec']): boolean {
  const terms = [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    ),
  ]);
  return terms.some(
    ({ namespaces, namespaceSelector }) =>
      (namespaces ?? []).length > 0 || namespaceSelector !== undefined,
  );
}

/** Amounts as texts, in the order of names, for those that are wanted; what is not there is 0. */
export function toAmounts(names: Iterable<string>, charges: Charges): Record<string, string> {
  const entries = [...names]
    .toSorted()
    .map((name) => [name, formatQuantity(charges.get(name) ?? none)]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** What of `names` is charged for `next` beyond what was charged for `before`; nothing is credited. */
export function increases(names: Iterable<string>, next: Charges, before: Charges): Charges {
  const more = new Map<string, Quantity>();
  for (const name of names) {
    const amount = next.get(name);
    if (!amount) continue;
    const nano = amount.nano - (before.get(name)?.nano ?? 0n);
    if (nano > 0n) more.set(name, { ...amount, nano });
  }
  return more;
}

/** The sum of two. */
export function addCharges(a: Charges, b: Charges): Charges {
  const sum = new Map(a);
  for (const [name, amount] of b) sum.set(name, addQuantities(sum.get(name) ?? none, amount));
  return sum;
}

/** Amounts of a manifest or a status as charges. */
export const fromAmounts = (amounts: Amounts = {}): Charges =>
  new Map(Object.entries(amounts).map(([name, text]) => [name, parseQuantity(text)]));

/** Those of `used` that are more than `hard` has. */
export const exceeded = (used: Charges, hard: Charges): string[] =>
  [...used]
    .filter(([name, amount]) => {
      const most = hard.get(name);
      return most !== undefined && compareQuantities(amount, most) > 0;
    })
    .map(([name]) => name)
    .toSorted();

/** Computing resources that a quota limits and a container says nothing of: `limits.cpu for: a,b`. */
export function unsaid(hard: Iterable<string>, { spec }: Pod): string[] {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return [...hard].toSorted().flatMap((name) => {
    const [, which = 'requests', resource = ''] = computing.exec(name) ?? [];
    if (resource === '') return [];
    const silent = containers.filter(
      ({ resources }) => resources?.[which as 'requests' | 'limits']?.[resource] === undefined,
    );
    if (silent.length === 0) return [];
    return [`${name} for: ${silent.map((container) => container.name).join(',')}`];
  });
}

const computing = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/;
