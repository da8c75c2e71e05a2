import { LogMatching } from '#shared/checks';
import { decodeConfChange, type Entry, type NodeId } from '#shared/raft';
import type { Life } from '../cluster/member.ts';
import type { Machine } from '../world/machine.ts';
import type { AcknowledgedKept } from './acknowledged-kept.ts';
import { LogRecovered } from './log-recovered.ts';
import type { MembershipSteps } from './membership-steps.ts';
import type { Report } from './report.ts';
import { checkAnnounced } from './snapshots-announced.ts';
import { checkWritten } from './written.ts';

type Log = Life['dir']['log'];

/** Watches what is written to the logs of members, what they keep, and what of it comes back. */
export class LogObserver {
  readonly #report: Report;
  readonly #membership: MembershipSteps;
  readonly #acknowledged: AcknowledgedKept;
  readonly #matching = new LogMatching();
  readonly #recovered = new LogRecovered();

  constructor(report: Report, membership: MembershipSteps, acknowledged: AcknowledgedKept) {
    this.#report = report;
    this.#membership = membership;
    this.#acknowledged = acknowledged;
  }

  /** `before`: the log as its last life had it. */
  born(id: NodeId, life: Life, machine: Machine, before: Log | undefined): void {
    const { log } = life.dir;
    this.#report.check('durable acknowledgement', () => this.#acknowledged.restarted(id, log));
    if (before)
      this.#report.check('recovered logs', () => this.#recovered.restarted(id, before, log));
    this.#watchWrites(id, life);
    this.#watchFiles(id, log, machine);
    this.#watchSnapshots(id, log);
  }

  #watchWrites(id: NodeId, { dir, host }: Life): void {
    const { log } = dir;
    const write = log.write.bind(log);
    log.write = (writes) => {
      this.#report.check('membership steps', () => {
        const leads = host.node.leads ? host.node.term : undefined;
        for (const { entries } of writes) {
          this.#membership.writes(id, entries, leads, dir.backend.applied.index);
          for (const entry of entries) if (entry.term === leads) this.#promotes(id, entry, host);
        }
      });
      this.#report.check('log matching', () => {
        let before: readonly Entry[] = [];
        for (const { entries } of writes) {
          const [first] = entries;
          if (!first) continue;
          this.#acknowledged.writes(id, first.index, log);
          const last = before.findLast(({ index }) => index === first.index - 1);
          this.#holds(entries, last?.term ?? log.term(first.index - 1));
          before = [...before.filter(({ index }) => index < first.index), ...entries];
        }
      });
      this.#recovered.writes(id, writes);
      return write(writes).then((wrote) => {
        this.#acknowledged.written(id);
        this.#recovered.written(id);
        this.#report.check('durable acknowledgement', () => checkWritten(id, writes, log));
        return wrote;
      });
    };
  }

  #promotes(id: NodeId, { type, data }: Entry, { node }: Life['host']): void {
    if (type !== 'conf-change') return;
    const { progress } = node.status();
    const progressOf = (member: NodeId) => progress.find((each) => each.id === member);
    for (const change of decodeConfChange(data).changes) {
      const of = progressOf(change.nodeId);
      if (change.type !== 'add-voter' || !of?.learner) continue;
      this.#membership.promotes(id, of.id, of.match, progressOf(id)?.match ?? 0);
    }
  }

  #holds(entries: readonly Entry[], termBefore: number | undefined): void {
    let before = termBefore;
    for (const entry of entries) {
      if (before !== undefined) this.#matching.holds(entry, before);
      before = entry.term;
    }
  }

  /** Where files of the log have come or gone, what is left is looked at. */
  #watchFiles(id: NodeId, log: Log, machine: Machine): void {
    let files = machine.logFiles.length;
    const compact = log.compact.bind(log);
    log.compact = async (index) => {
      await compact(index);
      if (machine.logFiles.length === files || machine.rotten) return;
      files = machine.logFiles.length;
      this.#report.check('durable acknowledgement', () => {
        this.#acknowledged.recovers(id, log, () => {
          const { tail } = machine.readLog();
          return { lastIndex: () => tail.lastIndex, term: (at) => tail.term(at) };
        });
      });
    };
  }

  #watchSnapshots(id: NodeId, log: Log): void {
    const startFrom = log.startFrom.bind(log);
    log.startFrom = (start, hardState) => {
      this.#report.check('snapshots as announced', () =>
        checkAnnounced(id, start.index, hardState.commit),
      );
      return startFrom(start, hardState);
    };
  }
}
