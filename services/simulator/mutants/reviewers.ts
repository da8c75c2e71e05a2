import type { Mutant } from './mutant.ts';
import { slip } from './slip.ts';

const raft = 'shared/raft';
const storage = 'shared/storage';
const store = 'services/store';

/** A sixth round, of the store: what a reviewer who plants bugs would choose by reading, before a look at the checkers. */
export const reviewersMutants: readonly Mutant[] = [
  slip(
    'pre-votes-count-as-votes',
    'who was given pre-votes takes them for votes',
    `${raft}/core`,
    'this.votes.clear();',
    '',
  ),
  slip(
    'late-pre-vote-counts',
    'a pre-vote that comes late counts as a vote',
    `${raft}/candidate`,
    'if (message.preVote !== preCandidate) return;',
    '',
  ),
  slip(
    'transfer-looks-like-any-vote',
    'who is handed leadership asks for votes like anybody else: those who hear the leader do not answer',
    `${raft}/election`,
    "requestVotes(core, preVote, mode === 'transfer');",
    'requestVotes(core, preVote, false);',
  ),
  slip(
    'applied-configuration-stays',
    'the next membership change after a snapshot is applied to the members from before it',
    `${raft}/ready`,
    'core.appliedConf = ready.snapshot.metadata.confState;',
    '',
  ),
  slip(
    'compaction-point-of-todays-term',
    'the log takes the term of today for that of the entry that it is compacted at',
    `${storage}/raft-log`,
    'const term = must(this.term(index), `compaction beyond the log, at ${index}`);',
    'const { term } = this.#hardState;',
  ),
  slip(
    'replaced-entry-keeps-its-place',
    'where an entry of the log lies is where the one lay that it replaced',
    `${storage}/log-index`,
    'this.#places.length = index - this.#first;',
    '',
  ),
  slip(
    'recovered-log-keeps-the-replaced',
    'after a restart a log goes on behind a snapshot that is shorter than it was',
    `${storage}/log-recovery`,
    'if (reset) {',
    'if (reset && index > this.#tail.lastIndex) {',
  ),
  slip(
    'snapshot-says-less',
    'a snapshot is announced as what it was to be, and holds what was applied meanwhile',
    `${store}/consensus/snapshots`,
    'this.#transport.sendSnapshot({ ...message, snapshot }, outgoing.chunks());',
    'this.#transport.sendSnapshot(message, outgoing.chunks());',
  ),
];
