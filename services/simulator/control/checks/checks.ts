import type { ConfigMap, KubeObject } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient, InformerHandlers } from '#shared/client';
import type { ApplyApi } from '#services/apiserver';
import type { AppliedEntry } from '../../checks/state-log.ts';
import type { Report } from '../../checks/report.ts';
import type { ContainerEvents } from '../parts/containers.ts';
import type { SimProcess } from '../../world/process.ts';
import { Adoptions } from './adoptions.ts';
import { ApiWatches } from './api-watches.ts';
import { Attempts } from './attempts.ts';
import { Availability } from './availability.ts';
import { BudgetCounts } from './budget-counts.ts';
import { Budgets } from './budgets.ts';
import { Capacity } from './capacity.ts';
import { Cascades } from './cascades.ts';
import { Charges } from './charges.ts';
import type { Checker } from './checker.ts';
import { Claims } from './claims.ts';
import { Companions } from './companions.ts';
import { Conditions } from './conditions.ts';
import { Collected } from './collected.ts';
import { Cordons } from './cordons.ts';
import { Counters } from './counters.ts';
import { CronRuns } from './cron-runs.ts';
import { EndpointSources } from './endpoint-sources.ts';
import { EndpointConditions } from './endpoints.ts';
import { Expulsions } from './expulsions.ts';
import { Fencing } from './fencing.ts';
import { FieldOwners } from './field-owners.ts';
import { FreshReads } from './fresh-reads.ts';
import { Garbage } from './garbage.ts';
import { Generations } from './generations.ts';
import { Graces } from './graces.ts';
import { Histories } from './histories.ts';
import { InOrder } from './in-order.ts';
import { Informers } from './informers.ts';
import { JobCounts } from './job-counts.ts';
import { JobDeadlines } from './job-deadlines.ts';
import { JobEnds } from './job-ends.ts';
import { JobPauses } from './job-pauses.ts';
import { LostNodes } from './lost-nodes.ts';
import { Namespaces } from './namespaces.ts';
import { Neighbours } from './neighbours.ts';
import { NoGhosts } from './no-ghosts.ts';
import { ObjectHistory } from './objects.ts';
import { ObjectLife } from './object-life.ts';
import { OnePerOrdinal } from './one-per-ordinal.ts';
import { OrphanedPods } from './orphaned-pods.ts';
import { Outcomes } from './outcomes.ts';
import { OverCreation } from './over-creation.ts';
import { PartialUpdates } from './partial-updates.ts';
import { Placement } from './placement.ts';
import { PodStatuses } from './pod-statuses.ts';
import { PromisedRoom } from './promised-room.ts';
import { Ranks } from './ranks.ts';
import { Preemption } from './preemption.ts';
import { Promptness } from './promptness.ts';
import { Preconditions } from './preconditions.ts';
import { QuotaRefusals } from './quota-refusals.ts';
import { Quotas } from './quotas.ts';
import { recordedApi, type Recording } from './recorded-api.ts';
import { Recreated } from './recreated.ts';
import { Removals } from './removals.ts';
import { Rollouts } from './rollouts.ts';
import { Spread } from './spread.ts';
import { StartedOnce } from './started-once.ts';
import { Successors } from './successors.ts';
import { Taints } from './taints.ts';
import { Told } from './told.ts';
import { UniqueAddresses } from './unique-addresses.ts';
import { Victims } from './victims.ts';
import { Volumes } from './volumes.ts';
import { Writes } from './writes.ts';

/** A client of the API. */
export interface Asking {
  readonly who: string;
  readonly process: SimProcess;
  /** Each of its writes must carry a fence. */
  readonly elected: boolean;
}

/** How long things may take; Infinity: nobody knows. */
export interface Bounds {
  /** Until everybody who works has heard of a change, or may work no more. */
  readonly patienceMs: number;
  /** Until what follows from a change has been done. */
  readonly promptMs: number;
  /** Until the pods of a node that is silent go. */
  readonly lostMs: number;
  /** From one run of a CronJob of every minute to the next. */
  readonly cronMs: number;
  /** For as long a node is silent before it is called so; 0: nobody knows. */
  readonly silentMs: number;
}

/** Feeds the checkers with what happens: in the store, on the machines, and on the way between. */
export class ControlChecks {
  readonly objects = new ObjectHistory();
  readonly containers: ContainerEvents;
  readonly #report: Report;
  readonly #fencing = new Fencing();
  readonly #claims = new Claims();
  readonly #created = new OverCreation();
  readonly #jobs = new JobCounts();
  readonly #reads = new FreshReads(this.objects);
  readonly #counters = new Counters(this.objects);
  readonly #preconditions = new Preconditions(this.objects);
  readonly #budgets = new Budgets(this.objects);
  readonly #writes = new Writes(this.objects);
  readonly #outcomes = new Outcomes(this.objects);
  readonly #adoptions = new Adoptions(this.objects);
  readonly #owners = new FieldOwners(this.objects);
  readonly #now: () => number;
  readonly #jobEnds: JobEnds;
  readonly #collected = new Collected(this.objects);
  readonly #informers = new Informers();
  readonly #refusals = new QuotaRefusals(this.objects);
  readonly #taints = new Taints(this.objects);
  readonly #cordons: Cordons;
  readonly #charges: Charges;
  readonly #cascades: Cascades;
  readonly #cronRuns: CronRuns;
  readonly #garbage: Garbage;
  readonly #removals: Removals;
  readonly #successors: Successors;
  readonly #orphans: OrphanedPods;
  readonly #watches: ApiWatches;
  readonly #checkers: readonly Checker[];
  /** Those of them who look at every change. */
  readonly #followers: readonly Follower[];
  /** Requests of all clients. */
  asked = 0;
  answered = 0;

  /** See `Bounds`. */
  constructor(report: Report, now: () => number, bounds: Bounds) {
    const { patienceMs, promptMs, lostMs, cronMs, silentMs } = bounds;
    const isCalm = promptMs < Infinity;
    this.#report = report;
    this.#now = now;
    this.#jobEnds = new JobEnds(this.objects, now, isCalm ? patienceMs : Infinity);
    this.#cronRuns = new CronRuns(patienceMs, cronMs);
    this.#garbage = new Garbage(patienceMs);
    this.#cascades = new Cascades(patienceMs);
    this.#cordons = new Cordons(now);
    this.#charges = new Charges(isCalm ? patienceMs : Infinity);
    this.#removals = new Removals(this.objects, now, patienceMs);
    this.#successors = new Successors(this.objects, now, patienceMs);
    this.#orphans = new OrphanedPods(this.objects, patienceMs, lostMs);
    this.#watches = new ApiWatches(this.objects, now);
    this.#checkers = [
      new OnePerOrdinal(),
      new StartedOnce(),
      new NoGhosts(),
      new ObjectLife(),
      new Capacity(patienceMs),
      new UniqueAddresses(),
      new Generations(),
      this.#garbage,
      this.#cascades,
      new Volumes(this.objects, patienceMs),
      this.#cordons,
      this.#charges,
      new Histories(patienceMs),
      new JobDeadlines(isCalm ? patienceMs : Infinity),
      new Namespaces(),
      new EndpointConditions(),
      new EndpointSources(this.objects, patienceMs),
      new Rollouts(patienceMs),
      new Recreated(patienceMs),
      new InOrder(patienceMs, isCalm),
      new Placement(patienceMs),
      new Preemption(patienceMs),
      new Victims(patienceMs, isCalm ? 0 : patienceMs),
      new Quotas(patienceMs),
      new Spread(isCalm ? patienceMs : Infinity),
      new Neighbours(patienceMs),
      new Companions(isCalm ? patienceMs : Infinity),
      new PromisedRoom(isCalm ? patienceMs : Infinity),
      new Conditions(isCalm),
      new Graces(now, promptMs),
      new PodStatuses(isCalm || lostMs < Infinity),
      new Ranks(),
      this.#cronRuns,
      new PartialUpdates(patienceMs),
      new Told(patienceMs),
      new Expulsions(patienceMs, silentMs),
      new JobPauses(isCalm),
      this.#jobEnds,
      this.#collected,
      this.#claims,
      new Attempts(isCalm),
      new Availability(isCalm ? patienceMs : Infinity),
      new Promptness(this.objects, promptMs),
      new LostNodes(this.objects, lostMs),
      this.#orphans,
      this.#removals,
      this.#successors,
      this.#budgets,
      new BudgetCounts(this.objects, patienceMs, !isCalm),
      this.#jobs,
      this.#created,
      this.#counters,
      this.#preconditions,
      this.#writes,
      this.#outcomes,
      this.#adoptions,
      this.#owners,
      this.#informers,
      this.#refusals,
      this.#taints,
      this.#fencing,
      this.#reads,
      this.#watches,
    ];
    this.#followers = this.#checkers.filter(isFollower);
    this.containers = {
      started: (node, status) => this.#each((checker) => checker.started?.(node, status)),
      exited: (node, status) => this.#each((checker) => checker.exited?.(node, status)),
    };
  }

  applied(entry: AppliedEntry): void {
    this.#report.check('objects', () => {
      this.#fencing.elections(entry.events, entry.revision, entry.atMs);
      this.#claims.events(entry.events);
      for (const change of this.objects.add(entry)) {
        const left = this.#orphans.leftBehind(change);
        if (left !== undefined) this.forced(left);
        for (const checker of this.#followers) this.#check(checker, () => checker.changed(change));
      }
    });
  }

  recorded<T extends ApiClient>({ who, elected, process }: Asking, api: T): T {
    const reads: Recording['reads'] = {
      got: (read, name, object) => {
        this.#check(this.#reads, () => this.#reads.got(read, name, object));
        this.#adoptions.got(read, object);
      },
      listed: (...args) => this.#check(this.#reads, () => this.#reads.listed(...args)),
    };
    return recordedApi(who, api, {
      revision: () => this.objects.revision,
      watches: this.#watches,
      alive: () => process.alive,
      reads,
      asked: () => void this.asked++,
      answered: () => void this.answered++,
      now: this.#now,
      renewed: (fence, sentMs) => this.#fencing.renewed(fence, sentMs),
      resigns: (fence) => this.#fencing.resigns(fence),
      wrote: (write) => {
        if (elected) this.#check(this.#fencing, () => this.#fencing.wrote(write));
      },
      evicted: (granted) => this.#check(this.#budgets, () => this.#budgets.evicted(granted)),
      changed: (written) => {
        this.#check(this.#writes, () => this.#writes.wrote(written));
        if (elected) this.#check(this.#adoptions, () => this.#adoptions.wrote(written));
        if (elected) this.#check(this.#taints, () => this.#taints.wrote(written));
      },
      unchanged: (outcome) => this.#check(this.#outcomes, () => this.#outcomes.told(outcome)),
      named: (hit) => this.#check(this.#preconditions, () => this.#preconditions.hit(hit)),
      bound: (binding) =>
        this.#check(this.#preconditions, () => this.#preconditions.bound(binding)),
      deleted: (deletion) => {
        this.#check(this.#preconditions, () => this.#preconditions.deleted(deletion));
        // CronJobs and their time let Jobs go; all else that a controller asks for in some way is garbage.
        const isGarbage = deletion.propagation && deletion.resource !== 'batch/jobs';
        if (elected && isGarbage)
          this.#check(this.#collected, () => this.#collected.deleted(deletion));
      },
      deletesBy: (propagation, named) => {
        if (elected) return;
        this.#garbage.asked(named, propagation, this.#now());
        if (named.resource === 'apps/deployments')
          this.#cascades.asked(named, propagation, this.#now());
      },
      deletes: (resource, namespace, name) => {
        if (resource === 'pods') this.#budgets.deleted(namespace, name);
        if (resource === 'batch/jobs' && !elected) this.#cronRuns.deleted(namespace, name);
        // The scheduler takes those that are in the way.
        if (!elected || !who.startsWith('controller-manager')) return () => undefined;
        if (resource === 'batch/jobs') {
          const isOver = this.#jobEnds.asked(namespace, name);
          return () => this.#check(this.#jobEnds, isOver);
        }
        if (resource !== 'pods') return () => undefined;
        const isFirst = this.#removals.asked(namespace, name);
        const isNext = this.#successors.asked(who, namespace, name);
        return () => {
          this.#check(this.#removals, isFirst);
          this.#check(this.#successors, isNext);
        };
      },
      creates: (resource, namespace) => this.#charges.creates(resource, namespace),
      refused: (refused) => this.#check(this.#refusals, () => this.#refusals.refused(refused)),
      uncertain: (resource) => {
        if (resource !== 'pods') return;
        this.#created.uncertain();
        this.#jobs.uncertain();
      },
    });
  }

  /** As `recorded`, for one who applies as well: ConfigMaps. */
  recordedApplying(asking: Asking, api: ApiClient & ApplyApi): ApiClient & ApplyApi {
    const apply = async <T extends KubeObject>(
      ...[ref, config, options = {}]: Parameters<ApplyApi['apply']>
    ): Promise<T> => {
      const { fieldManager: manager = '', force = false, namespace = '' } = options;
      const since = this.objects.revision;
      const isAnswered = this.#charges.creates('configmaps', namespace);
      const asked = { who: asking.who, manager, force, config, namespace, since };
      this.asked++;
      try {
        const answer: ConfigMap = await api.apply(ref, config, options);
        this.answered++;
        this.#check(this.#owners, () => this.#owners.granted(asked, answer));
        return answer as T;
      } catch (thrown) {
        if (isContested(thrown)) this.#check(this.#owners, () => this.#owners.refused(asked));
        throw thrown;
      } finally {
        isAnswered();
      }
    };
    return { ...this.recorded(asking, api), apply };
  }

  /** For an informer of that name: what its handlers are told. */
  informed(informer: string): InformerHandlers<KubeObject> {
    return this.#informers.handlers(informer, (look) => this.#check(this.#informers, look));
  }

  /** By a user: how often a counter was counted up for sure, and how often perhaps. */
  counted(name: string, sure: boolean): void {
    this.#counters.counted(name, sure);
  }

  /** By a user: whether a node is to take pods. */
  cordons(node: string, unschedulable: boolean): void {
    this.#cordons.asked(node, unschedulable);
  }

  /** By a user, who may have deleted its node: this pod is removed without waiting for its containers. */
  forced(uid: string): void {
    for (const checker of this.#checkers) checker.forced?.(uid);
  }

  tick(nowMs: number): void {
    this.#each((checker) => checker.tick?.(nowMs));
  }

  judge(): void {
    this.#each((checker) => checker.judge?.());
  }

  #each(look: (checker: Checker) => void): void {
    for (const checker of this.#checkers) this.#check(checker, () => look(checker));
  }

  #check({ name }: Checker, look: () => void): void {
    this.#report.check(name, look);
  }
}

type Follower = Checker & Required<Pick<Checker, 'changed'>>;

const isFollower = (checker: Checker): checker is Follower => checker.changed !== undefined;

/** Others manage what an apply would change. */
const isContested = (thrown: unknown): boolean =>
  QuorateError.is(thrown, 'conflict') &&
  JSON.stringify(thrown.details ?? '').includes('FieldManagerConflict');
