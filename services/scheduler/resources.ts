import {
  type Container,
  type Pod,
  parseQuantity,
  quantityMillis,
  quantityUnits,
} from '#shared/api';

/** Amounts by resource name: cpu in thousandths, everything else in whole units. */
export type Amounts = Readonly<Record<string, number>>;

export function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Record<string, number> = {};
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(text);
    amounts[name] = name === 'cpu' ? quantityMillis(quantity) : quantityUnits(quantity);
  }
  return amounts;
}

export function plus(a: Amounts, b: Amounts): Amounts {
  const sum: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

export function minus(a: Amounts, b: Amounts): Amounts {
  const rest: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) rest[name] = (rest[name] ?? 0) - amount;
  return rest;
}

function max(a: Amounts, b: Amounts): Amounts {
  const most: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) most[name] = Math.max(most[name] ?? 0, amount);
  return most;
}

type ContainerRequests = (container: Container) => Amounts;

/**
 * What a pod takes of its node, as Kubernetes counts it: its containers and sidecars run together,
 * each init container runs beside the sidecars started before it.
 */
export function podRequests(
  pod: Pod,
  requestsOf: ContainerRequests = (container) => amountsOf(container.resources?.requests),
): Amounts {
  const { containers = [], initContainers = [], overhead } = pod.spec ?? {};
  let running: Amounts = {};
  for (const container of containers) running = plus(running, requestsOf(container));
  let sidecars: Amounts = {};
  let starting: Amounts = {};
  for (const container of initContainers) {
    const wanted = plus(sidecars, requestsOf(container));
    if (container.restartPolicy === 'Always') sidecars = wanted;
    starting = max(starting, wanted);
  }
  return plus(max(plus(running, sidecars), starting), amountsOf(overhead));
}

/** For scoring, a container that asks for nothing is taken to need this; as in Kubernetes. */
const assumedRequests: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 };

export const podRequestsForScoring = (pod: Pod): Amounts =>
  podRequests(pod, (container) => ({
    ...assumedRequests,
    ...amountsOf(container.resources?.requests),
  }));
