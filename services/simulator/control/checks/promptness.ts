import {
  type EndpointSlice,
  getControllerOf,
  isPodActive,
  isPodReady,
  isPodTerminal,
  type Job,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
  type Service,
} from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { portsOf, selects, serviceName } from './endpoint-sources.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { ObjectHistory } from './objects.ts';
import { expels, nodeOf } from './room.ts';

/**
 * Where nothing breaks, nothing wrong lasts: endpoints that do not serve or have ended, pods that serve and are none,
 * pods that a node expels or a suspended Job keeps, budgets that count more than serve, ReplicaSets with more pods or
 * fewer than they are to have.
 */
export class Promptness implements Checker {
  readonly name = 'promptness';
  readonly #objects: ObjectHistory;
  readonly #boundMs: number;
  /** What is wrong, and since when. */
  #wrong = new Map<string, number>();

  /** Infinity: everything may take as long as it likes. */
  constructor(objects: ObjectHistory, boundMs: number) {
    this.#objects = objects;
    this.#boundMs = boundMs;
  }

  tick(nowMs: number): void {
    if (this.#boundMs === Infinity) return;
    const before = this.#wrong;
    this.#wrong = new Map();
    for (const text of this.#allWrong()) {
      const since = before.get(text) ?? nowMs;
      this.#wrong.set(text, since);
      if (nowMs - since > this.#boundMs) {
        throw new BrokenPromise(`${text} for ${Math.round(nowMs - since)} ms, and nothing fails`);
      }
    }
  }

  *#allWrong(): Generator<string> {
    yield* this.#idleEndpoints();
    yield* this.#unserved();
    yield* this.#expelled();
    yield* this.#suspended();
    yield* this.#overcounted();
    yield* this.#misnumbered();
  }

  *#idleEndpoints(): Generator<string> {
    const pods = new Map(this.#objects.all<Pod>('pods').map((pod) => [uidOf(pod), pod]));
    for (const slice of this.#objects.all<EndpointSlice>('discovery.k8s.io/endpointslices')) {
      const service = this.#serviceOf(slice);
      for (const { conditions, targetRef } of slice.endpoints) {
        if (targetRef?.kind !== 'Pod') continue;
        const pod = pods.get(targetRef.uid ?? '');
        const isReady = conditions?.ready !== false;
        const named = `${slice.metadata?.namespace}/${slice.metadata?.name} has ${targetRef.name} (${targetRef.uid})`;
        if (!pod || isPodTerminal(pod)) yield `${named}, which is ${pod ? 'over' : 'gone'}`;
        else if (isReady && !serves(pod)) yield `${named} as ready, which is not`;
        else if (service && !selects(service, pod)) yield `${named}, which it does not select`;
      }
    }
  }

  #serviceOf({ metadata }: EndpointSlice): Service | undefined {
    const services = this.#objects.all<Service>('services');
    const name = metadata?.labels?.[serviceName];
    return services.find(
      (each) => nameOf(each) === name && each.metadata?.namespace === metadata?.namespace,
    );
  }

  *#unserved(): Generator<string> {
    const pods = this.#objects.all<Pod>('pods').filter(serves);
    const slices = this.#objects.all<EndpointSlice>('discovery.k8s.io/endpointslices');
    const places = new Set(this.#livingPlaces());
    for (const service of this.#objects.all<Service>('services')) {
      const { name, namespace = '' } = service.metadata ?? {};
      if (isGoing(service) || !places.has(namespace)) continue;
      const uids = slices
        .filter((slice) => this.#serviceOf(slice) === service)
        .flatMap(({ endpoints }) => endpoints.map(({ targetRef }) => targetRef?.uid));
      for (const pod of pods) {
        if (pod.metadata?.namespace !== namespace || !selects(service, pod)) continue;
        if (uids.includes(uidOf(pod)) || portsOf(service, pod).length === 0) continue;
        yield `${namespace}/${name} has no endpoint for ${nameOf(pod)} (${uidOf(pod)})`;
      }
    }
  }

  #livingPlaces(): string[] {
    const places = this.#objects.all('namespaces').filter((place) => !isGoing(place));
    return places.map(nameOf);
  }

  *#expelled(): Generator<string> {
    for (const pod of this.#objects.all<Pod>('pods')) {
      if (isPodTerminal(pod) || isGoing(pod)) continue;
      const node = nodeOf(this.#objects, pod);
      if (node && expels(node, pod))
        yield `pod ${nameOf(pod)} stays on ${nameOf(node)}, which expels it`;
    }
  }

  *#suspended(): Generator<string> {
    const jobs = this.#objects.all<Job>('batch/jobs').filter(({ spec }) => spec?.suspend);
    const uids = new Set(jobs.map(({ metadata }) => metadata?.uid));
    for (const pod of this.#objects.all<Pod>('pods')) {
      if (!isPodActive(pod) || !uids.has(getControllerOf(pod)?.uid)) continue;
      yield `pod ${nameOf(pod)} runs on, and its Job is suspended`;
    }
  }

  *#misnumbered(): Generator<string> {
    const active = this.#objects.all<Pod>('pods').filter(isPodActive);
    const counts = Map.groupBy(active, (pod) => getControllerOf(pod)?.uid);
    const names = new Set(this.#livingPlaces());
    for (const set of this.#objects.all<ReplicaSet>('apps/replicasets')) {
      if (isGoing(set) || !names.has(set.metadata?.namespace ?? '')) continue;
      const { replicas = 1 } = set.spec ?? {};
      const count = counts.get(set.metadata?.uid)?.length ?? 0;
      if (count === replicas) continue;
      const much = count < replicas ? 'fewer' : 'more';
      yield `ReplicaSet ${nameOf(set)} of generation ${set.metadata?.generation} has ${much} pods than the ${replicas} that it is to have`;
    }
  }

  *#overcounted(): Generator<string> {
    const budgets = this.#objects.all<PodDisruptionBudget>('policy/poddisruptionbudgets');
    for (const { metadata, spec, status } of budgets) {
      const labels = Object.entries(spec?.selector?.matchLabels ?? {});
      const serving = this.#objects
        .all<Pod>('pods')
        .filter((pod) => pod.metadata?.namespace === metadata?.namespace && serves(pod))
        .filter((pod) => labels.every(([key, value]) => pod.metadata?.labels?.[key] === value));
      const { currentHealthy = 0, observedGeneration } = status ?? {};
      if (observedGeneration !== metadata?.generation || currentHealthy <= serving.length) continue;
      yield `budget ${metadata?.namespace}/${metadata?.name} counts ${currentHealthy} healthy pods, and ${serving.length} serve`;
    }
  }
}

const serves = (pod: Pod): boolean => isPodReady(pod) && !isGoing(pod);
