import { messageOf, must } from '#shared/base';
import { CommittedKept, ElectionSafety, LeaderCompleteness } from '#shared/checks';
import type { Event } from '#shared/mvcc';
import type { ConfState, Message, NodeId } from '#shared/raft';
import type { Operation } from '#services/store';
import { type Life, type SimMember, tokenSeconds } from '../cluster/member.ts';
import type { Machine } from '../world/machine.ts';
import { AcknowledgedKept } from './acknowledged-kept.ts';
import { checkAttachments } from './attachments.ts';
import { CommitQuorum } from './commit-quorum.ts';
import { Compacted } from './compacted.ts';
import { HandedOver } from './handed-over.ts';
import { LeaderHeard } from './leader-heard.ts';
import { LeaderKept, leaseMsOf } from './leader-kept.ts';
import { LogObserver } from './log-observer.ts';
import { MembershipSteps } from './membership-steps.ts';
import { ModelCheck } from './model/check.ts';
import { describe, describeAuth } from './model/describe.ts';
import { ReadsConfirmed } from './reads-confirmed.ts';
import type { Report } from './report.ts';
import { type Contents, StateLog } from './state-log.ts';
import { TokenTimes } from './token-times.ts';
import { VotesKept } from './votes-kept.ts';

interface Timing {
  readonly electionMs: number;
  readonly heartbeatMs: number;
  readonly tickMs?: number | undefined;
}

interface Applying {
  operation: Operation | undefined;
  error: string | undefined;
  result: unknown;
  events: readonly Event[];
}

/** The founders start as if they had installed a snapshot that ends here. */
const foundedAt = 1;

/** Watches members from outside, at what they say, write and apply, and asks the checkers. */
export class Observer {
  readonly states = new StateLog(foundedAt + 1);
  readonly #report: Report;
  readonly #now: () => number;
  readonly #elections = new ElectionSafety();
  readonly #completeness = new LeaderCompleteness();
  readonly #committed = new CommittedKept();
  readonly #votes = new VotesKept();
  readonly #acknowledged = new AcknowledgedKept();
  readonly #membership = new MembershipSteps();
  readonly #commits = new CommitQuorum();
  readonly #reads = new ReadsConfirmed();
  readonly #handedOver = new HandedOver();
  readonly #compacted = new Compacted(this.states);
  readonly #logs: LogObserver;
  readonly #tokens = new TokenTimes(tokenSeconds);
  readonly #leaderHeard: LeaderHeard;
  readonly #leaderKept: LeaderKept;
  readonly #lives = new Map<NodeId, Life>();
  readonly #names = new Map<NodeId, string>();
  readonly #machines = new Map<NodeId, Machine>();
  #model: ModelCheck | undefined;
  #newestTerm = 0;

  readonly #fewKeys: boolean;

  /** `fewKeys`: all that is stored can be looked at after every change. */
  constructor(report: Report, now: () => number, timing: Timing, { fewKeys = false } = {}) {
    this.#fewKeys = fewKeys;
    this.#report = report;
    this.#logs = new LogObserver(report, this.#membership, this.#acknowledged);
    this.#now = now;
    this.#leaderKept = new LeaderKept(leaseMsOf(timing));
    this.#leaderHeard = new LeaderHeard(timing);
  }

  /** Undefined: nothing was applied. */
  get model(): ModelCheck | undefined {
    return this.#model;
  }

  /** Terms that had a leader, as far as anybody heard of it. */
  get newestTerm(): number {
    return this.#newestTerm;
  }

  sends(message: Message): void {
    const { from, term } = message;
    const life = this.#lives.get(from);
    if (!life) return;
    const { type } = message;
    this.#report.check('reads confirmed', () =>
      this.#reads.sends(message, () => life.dir.backend.applied.confState),
    );
    this.#report.check('leadership handed over', () => this.#handedOver.sends(message));
    if (type === 'append' || type === 'heartbeat' || type === 'snapshot') {
      this.#report.check('election safety', () => this.#elections.leads(from, term));
      const slow = (this.#machines.get(from)?.time.lookMs ?? 0) > 0;
      const conf = life.dir.backend.applied.confState;
      this.#report.check('leader heard', () =>
        this.#leaderHeard.sends(message, conf, this.#now(), slow),
      );
      this.#leads(from, term, life);
      if (type !== 'snapshot') this.#commitsTo(from, term, message.commit, life);
    } else if (type === 'vote') {
      this.#report.check('membership steps', () => {
        const { role, commit } = life.host.node.status();
        if (role === 'candidate' || role === 'pre-candidate')
          this.#membership.stands(from, commit, life.dir.backend.applied.index);
      });
      if (!message.preVote)
        this.#report.check('votes kept', () => this.#votes.voted(from, term, from));
    } else if (type === 'vote-response' && !message.reject) {
      this.#report.check('leader kept', () => this.#leaderKept.granted(message));
      if (message.preVote) return;
      this.#report.check('votes kept', () => this.#votes.voted(from, term, message.to));
    } else if (type === 'append-response' && !message.reject) {
      this.#report.check('durable acknowledgement', () => {
        this.#votes.acted(from, term);
        // One that waited for its write may be of a term that is over, and its entries replaced by now.
        if (term < life.host.node.term) return;
        const leader = this.#lives.get(message.to);
        const leads = leader?.host.node.leads && leader.host.node.term === term;
        this.#acknowledged.acknowledges(
          from,
          message.index,
          life.dir.log,
          leads ? leader.dir.log.term(message.index) : undefined,
        );
      });
    }
  }

  receives(message: Message): void {
    const { from, to, term, type } = message;
    const host = this.#lives.get(to)?.host;
    if (!host) return;
    const { node, state } = host;
    this.#report.check('membership steps', () =>
      this.#membership.hears(to, from, state.table.removed),
    );
    const leads = node.leads ? node.term : undefined;
    this.#reads.receives(message, leads);
    this.#handedOver.receives(message);
    this.#leaderHeard.receives(message, leads);
    if (type === 'vote') this.#leaderKept.asked(message, node.status().leader, this.#now());
    else if ((type === 'append' || type === 'heartbeat') && term >= node.term) {
      this.#leaderKept.heard(to, from, this.#now());
    }
  }

  #leads(id: NodeId, term: number, { dir }: Life): void {
    if (term <= this.#newestTerm) return;
    this.#newestTerm = term;
    this.#report.check('leader completeness', () => {
      const { log } = dir;
      this.#completeness.elected(id, term, log.compactedIndex(), (index) => log.term(index) ?? 0);
    });
  }

  #commitsTo(id: NodeId, term: number, commit: number, { dir }: Life): void {
    const conf = dir.backend.applied.confState;
    this.#report.check('commit quorum', () =>
      this.#commits.says({ id, term, conf }, commit, (member) => this.#lives.get(member)?.dir.log),
    );
  }

  born({ name, machine }: SimMember, life: Life): void {
    const { host, dir } = life;
    const id = host.serving.memberId;
    this.#model ??= new ModelCheck(host.state.members.values());
    const before = this.#lives.get(id);
    this.#lives.set(id, life);
    this.#names.set(id, name);
    this.#machines.set(id, machine);
    this.#leaderKept.restarted(id);
    this.#report.check('votes kept', () =>
      this.#votes.restarted(id, dir.log.initialState().hardState),
    );
    this.#logs.born(id, life, machine, before?.dir.log);
    this.#watchTokens(life);
    this.#watchState(id, life);
  }

  /** What its disk holds is gone for good. */
  forget(id: NodeId): void {
    this.#lives.delete(id);
  }

  #watchTokens({ tokens }: Life): void {
    const times = this.#tokens.life();
    const check = (look: () => void): void => this.#report.check('permissions', look);
    const assign = tokens.assign.bind(tokens);
    tokens.assign = (token, user) => {
      check(() => times.given(token, this.#now()));
      assign(token, user);
    };
    const recognize = tokens.recognize.bind(tokens);
    tokens.recognize = (token, authRevision) => {
      const askedMs = this.#now();
      const caller = recognize(token, authRevision);
      caller.then(
        (known) => {
          if (known) check(() => times.known(token, this.#now()));
          else times.refused(token, askedMs);
        },
        () => undefined,
      );
      return caller;
    };
  }

  #watchState(id: NodeId, life: Life): void {
    const { state } = life.host;
    const applying: Applying = {
      operation: undefined,
      error: undefined,
      result: undefined,
      events: [],
    };
    const apply = state.apply.bind(state);
    state.apply = (operation, index) => {
      applying.operation = operation;
      try {
        const outcome = apply(operation, index);
        applying.result = outcome.result;
        return outcome;
      } catch (thrown) {
        applying.error = messageOf(thrown);
        throw thrown;
      }
    };
    const notify = state.hub.notify.bind(state.hub);
    state.hub.notify = (revision, events) => {
      applying.events = events;
      notify(revision, events);
    };
    const replace = state.replace.bind(state);
    state.replace = (backend) => {
      replace(backend);
      this.#restored(id, life);
      this.#watchApplied(id, life, applying);
    };
    this.#restored(id, life);
    this.#watchApplied(id, life, applying);
  }

  #restored(id: NodeId, life: Life): void {
    this.#report.check('state-machine equality', () => {
      this.states.restored(this.#nameOf(id), life.dir.backend.applied.index, contentsOf(life));
    });
  }

  #watchApplied(id: NodeId, life: Life, applying: Applying): void {
    if (this.#fewKeys) this.#watchCompactions(id, life);
    const { backend } = life.dir;
    const setApplied = backend.setApplied.bind(backend);
    backend.setApplied = (applied) => {
      this.#commits.counts(id, backend.applied.confState);
      setApplied(applied);
      const { index, term } = applied;
      const { operation, error, result, events } = applying;
      applying.operation = undefined;
      applying.error = undefined;
      applying.result = undefined;
      applying.events = [];
      const rest = restOf(life);
      if (index === this.states.lastIndex + 1 && this.#fewKeys) {
        this.#report.check('the model', () =>
          this.#model?.applied({
            index,
            operation,
            error,
            result,
            events,
            rest: meaningOf(life.host.state),
          }),
        );
      }
      this.#report.check('state-machine equality', () => {
        this.states.applied(this.#nameOf(id), {
          index,
          term,
          operation,
          error,
          revision: life.host.state.mvcc.revision,
          events,
          rest,
          atMs: this.#now(),
        });
      });
      this.#report.check('durable acknowledgement', () =>
        this.#acknowledged.applies(id, index, term, life.dir.log),
      );
      this.#report.check('committed entries kept', () =>
        this.#committed.committed(id, index, term),
      );
      this.#completeness.committed(index, term, life.host.node.term);
      if (!this.#fewKeys || (events.length === 0 && operation === undefined)) return;
      this.#report.check('lease attachments', () =>
        checkAttachments(this.#nameOf(id), life.host.state.mvcc),
      );
    };
  }

  #watchCompactions(id: NodeId, { host, dir }: Life): void {
    const { mvcc } = host.state;
    const { backend } = dir;
    const steps = mvcc.compactionSteps.bind(mvcc);
    const done = (): void =>
      this.#report.check('compaction', () =>
        this.#compacted.done(this.#nameOf(id), backend, mvcc.revision, mvcc.compactRevision),
      );
    mvcc.compactionSteps = function* (keysPerStep) {
      yield* steps(keysPerStep);
      done();
    };
  }

  #nameOf(id: NodeId): string {
    return this.#names.get(id) ?? String(id);
  }
}

export function contentsOf(life: Life): Contents {
  const { mvcc } = life.host.state;
  return {
    revision: mvcc.revision,
    kvs: mvcc.range({ key: '\0', rangeEnd: '\0' }).kvs,
    leases: mvcc.leases.ids(),
    rest: restOf(life),
  };
}

/** The rest of the replicated state, in one line. */
function restOf({ host, dir }: Life): string {
  const { mvcc } = host.state;
  const { sequences, applied } = dir.backend;
  let numbers = '';
  for (const id of inOrder(sequences)) numbers += ` ${id}:${sequences.get(id)}`;
  return `compacted ${mvcc.compactRevision} sequences${numbers} conf ${confText(applied.confState)} ${meaningOf(host.state)}`;
}

/** Of leases, alarms, users, roles and members. */
function meaningOf({ mvcc, alarms, auth, table }: Life['host']['state']): string {
  const { leases } = mvcc;
  const { enabled, revision, users, roles } = auth;
  return describe({
    leases: leases.ids().map((id) => ({ id, ...leases.record(id) })),
    alarms: alarms.all,
    auth: describeAuth({
      enabled,
      revision,
      users: users.map((name) => must(auth.user(name), 'a user that is listed')),
      roles: roles.map((name) => must(auth.role(name), 'a role that is listed')),
    }),
    members: [...table.members.values()],
    removed: [...table.removed],
  });
}

/** By id; they mostly are already. */
function inOrder(sequences: ReadonlyMap<number, number>): Iterable<number> {
  let last = -Infinity;
  for (const id of sequences.keys()) {
    if (id < last) return [...sequences.keys()].sort((a, b) => a - b);
    last = id;
  }
  return sequences.keys();
}

const confTexts = new WeakMap<ConfState, string>();

function confText(conf: ConfState): string {
  let text = confTexts.get(conf);
  if (text === undefined) {
    const { voters, learners, votersOutgoing } = conf;
    text = `${voters.join(' ')}|${learners.join(' ')}|${votersOutgoing.join(' ')}`;
    confTexts.set(conf, text);
  }
  return text;
}
