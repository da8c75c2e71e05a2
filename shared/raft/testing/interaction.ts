import { assert, must } from '#shared/base';
import { describeConf } from '../conf-change.ts';
import type { ConfChange, ConfChangeSingle, Message, NodeId } from '../types.ts';
import type { Command } from './datadriven.ts';
import { formatEntry, formatMessage, formatReady } from './format.ts';
import { Member, noConf } from './member.ts';

const electionTicks = 10;
const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const idsOf = (text: string | undefined): NodeId[] =>
  text === undefined || text === '' ? [] : text.split(',').map(Number);

/** A cluster that does only what a scenario's commands say; every command answers with what came. */
export class Interaction {
  readonly #members = new Map<NodeId, Member>();
  #network: Message[] = [];
  #lines: string[] = [];

  run(command: Command): string {
    this.#lines = [];
    must(this.#commands[command.name], `no command ${command.name}`)(command);
    return this.#lines.join('\n');
  }

  readonly #commands: Readonly<Record<string, (command: Command) => void>> = {
    'add-nodes': (command) => this.#addNodes(command),
    campaign: (command) => this.#memberOf(command).raft.campaign(),
    tick: (command) => this.#tick(command, Number(command.args[1] ?? 1)),
    'tick-heartbeat': (command) => this.#tick(command, 1),
    // A member's timeout is electionTicks + its id here.
    'tick-election': (command) => this.#tick(command, electionTicks + Number(command.args[0])),
    propose: (command) => this.#propose(command),
    'conf-change': (command) => this.#confChange(command),
    'transfer-leadership': (command) => this.#transfer(command),
    'read-index': (command) => this.#readIndex(command),
    'peer-disconnected': (command) =>
      this.#memberOf(command).raft.peerDisconnected(Number(command.args[1])),
    'report-unreachable': (command) =>
      this.#memberOf(command).raft.reportUnreachable(Number(command.args[1])),
    'report-snapshot': (command) =>
      this.#memberOf(command).raft.reportSnapshot(
        Number(command.args[1]),
        command.args[2] === 'ok',
      ),
    'announce-commit': (command) => {
      const { raft } = this.#memberOf(command);
      this.#lines.push(`untold ${raft.untoldCommit}`);
      raft.announceCommit(raft.untoldCommit);
    },
    'process-ready': (command) => this.#processReady(this.#memberOf(command)),
    'take-ready': (command) => this.#takeReady(this.#memberOf(command)),
    'finish-write': (command) => this.#finishWrite(this.#memberOf(command)),
    'deliver-msgs': (command) => void this.#deliver(command),
    stabilize: (command) => this.#stabilize(command),
    crash: (command) => this.#memberOf(command).crash(false),
    restart: (command) => this.#memberOf(command).restart(),
    compact: (command) => this.#compact(this.#memberOf(command), command),
    status: (command) => this.#status(this.#memberOf(command)),
    'raft-log': (command) => this.#raftLog(this.#memberOf(command)),
  };

  #memberOf({ args }: Command): Member {
    return must(this.#members.get(Number(args[0])), `no member ${args[0]}`);
  }

  #addNodes({ args, options }: Command): void {
    const count = Number(args[0]);
    const flag = (name: string): boolean => options.get(name) !== 'false';
    const size = (name: string, otherwise: number): number =>
      Number(options.get(name) ?? otherwise);
    const conf = { ...noConf, voters: idsOf(options.get('voters')) };
    const withLearners = { ...conf, learners: idsOf(options.get('learners')) };
    const first = this.#members.size + 1;
    for (let id = first; id < first + count; id += 1) {
      const member = new Member(id, withLearners, {
        electionTicks,
        heartbeatTicks: 1,
        rng: { next: () => 0, int: (below) => id % below },
        maxMessageBytes: size('max-bytes', 1024),
        maxInflightMessages: size('inflight', 16),
        maxUncommittedBytes: size('max-uncommitted', 1 << 20),
        preVote: flag('pre-vote'),
        checkQuorum: flag('check-quorum'),
        earlyPreVoteTicks: size('early-ticks', 1),
        lazyCommit: options.get('lazy-commit') === 'true',
      });
      this.#members.set(id, member);
      this.#lines.push(member.raft.describe());
    }
  }

  #tick(command: Command, ticks: number): void {
    for (let at = 0; at < ticks; at += 1) this.#memberOf(command).raft.tick();
  }

  #propose(command: Command): void {
    const { raft } = this.#memberOf(command);
    for (const text of command.args.slice(1)) this.#lines.push(raft.propose(bytesOf(text)));
  }

  #confChange(command: Command): void {
    const changes = command.args.slice(1).map((arg): ConfChangeSingle => {
      const [type, id] = arg.split(':');
      return { type: type as ConfChangeSingle['type'], nodeId: Number(id) };
    });
    const joint = command.options.get('joint') as ConfChange['joint'];
    const change = { changes, joint, context: new Uint8Array() };
    this.#lines.push(this.#memberOf(command).raft.proposeConfChange(change));
  }

  #transfer(command: Command): void {
    const began = this.#memberOf(command).raft.transferLeadership(Number(command.args[1]));
    this.#lines.push(began ? 'began' : 'refused');
  }

  #readIndex(command: Command): void {
    const asked = this.#memberOf(command).raft.readIndex(Number(command.args[1]));
    this.#lines.push(asked ? 'asked' : 'nobody to ask');
  }

  #takeReady(member: Member): void {
    assert(member.alive, 'the dead are not ready');
    const ready = member.takeReady();
    this.#network.push(...ready.messages);
    this.#lines.push(...formatReady(ready).map((line) => `${member.id}: ${line}`));
  }

  #finishWrite(member: Member): void {
    this.#network.push(...member.finishWrite());
    while (member.appliesWaiting > 0) {
      const entry = member.applyOne();
      if (entry.type === 'normal') continue;
      this.#lines.push(`${member.id}: now ${describeConf(member.machine.conf)}`);
    }
    member.persistMachine();
    if (member.writesWaiting > 0) this.#lines.push(member.raft.describe());
  }

  #processReady(member: Member): void {
    this.#takeReady(member);
    this.#finishWrite(member);
  }

  /**
   * `to` some members only, or all; messages to or from those in `drop` are lost, and types in `hold`
   * stay under way.
   */
  #deliver({ args, options }: Command): boolean {
    const to = args.length > 0 ? args.map(Number) : [...this.#members.keys()];
    const drop = idsOf(options.get('drop'));
    const hold = options.get('hold')?.split(',') ?? [];
    const goes = (message: Message): boolean =>
      to.includes(message.to) && !hold.includes(message.type);
    const messages = this.#network.filter(goes);
    this.#network = this.#network.filter((message) => !goes(message));
    for (const message of messages) {
      const member = must(this.#members.get(message.to), 'the receiver');
      const lost = drop.includes(message.to) || drop.includes(message.from) || !member.alive;
      this.#lines.push(`${lost ? 'lost' : 'deliver'} ${formatMessage(message)}`);
      if (!lost) member.raft.step(message);
    }
    return messages.length > 0;
  }

  /** Lets the members (all, if none is named) work and talk until nothing moves. */
  #stabilize(command: Command): void {
    const { args, options } = command;
    const ids = args.length > 0 ? args.map(Number) : [...this.#members.keys()];
    for (let busy = true; busy; ) {
      busy = false;
      for (const id of ids) {
        const member = must(this.#members.get(id), 'a member');
        while (member.alive && member.raft.hasReady()) {
          busy = true;
          this.#processReady(member);
        }
      }
      busy = this.#deliver(command) || busy;
    }
    if (options.get('quiet') === 'true') this.#lines = [];
  }

  #compact(member: Member, { args }: Command): void {
    member.compact(Number(args[1] ?? 0));
    this.#lines.push(member.raft.describe());
  }

  #status(member: Member): void {
    this.#lines.push(member.raft.describe());
    for (const each of member.raft.status().progress) {
      const flags = `${each.paused ? ' paused' : ''}${each.recentActive ? '' : ' inactive'}`;
      const sent = `match=${each.match} next=${each.next} inflight=${each.inflight}`;
      this.#lines.push(
        `  ${each.id} ${each.learner ? 'learner ' : ''}${each.state} ${sent}${flags}`,
      );
    }
  }

  #raftLog({ disk }: Member): void {
    const first = disk.compactedIndex() + 1;
    const entries = first > disk.lastIndex() ? [] : disk.entries(first, disk.lastIndex() + 1, 1e9);
    this.#lines.push(`after ${disk.compactedIndex()}/${disk.term(disk.compactedIndex())}`);
    this.#lines.push(...entries.map(formatEntry));
  }
}
