import type { Mutant } from './mutant.ts';

export const membershipMutants: readonly Mutant[] = [
  {
    name: 'concurrent-membership-changes',
    story: 'a second membership change is taken before the first is applied: majorities part',
    patches: [
      {
        file: 'shared/raft/propose',
        find: "if (core.pendingConfIndex > core.log.applied) return 'conf-change-pending';",
        replace: '',
      },
    ],
  },
  {
    name: 'pending-change-forgotten-by-new-leader',
    story: 'a new leader takes a membership change while one of its predecessor is under way',
    patches: [
      {
        file: 'shared/raft/election',
        find: 'core.pendingConfIndex = core.log.lastIndex;',
        replace: '',
      },
    ],
  },
  {
    name: 'stands-with-old-configuration',
    story: 'a member stands for election though it knows of a change that it has not applied',
    patches: [
      {
        file: 'shared/raft/election',
        find: '!core.promotable || hasUnappliedConfChange(core)) return;',
        replace: '!core.promotable) return;',
      },
    ],
  },
  {
    name: 'learner-counts',
    story: 'what a learner has acknowledged counts towards the majority',
    patches: [
      {
        file: 'shared/raft/replication',
        find: 'const index = quorumReached(core.conf, (id) => core.progress.get(id)?.match ?? 0);',
        replace:
          'const index = [...core.progress.values()].map(({ match }) => match).sort((a, b) => b - a)[core.conf.voters.length >> 1] ?? 0;',
      },
    ],
  },
  {
    name: 'snapshot-loses-configuration',
    story: 'who installs a snapshot goes on with the members that it knew before',
    patches: [
      {
        file: 'shared/raft/install',
        find: 'switchConf(core, confState);',
        replace: '',
      },
    ],
  },
  {
    name: 'commit-without-quorum',
    story: 'in a group of even size, half of it is taken for a majority',
    patches: [
      {
        file: 'shared/raft/quorum',
        find: 'values[(voters.length - 1) >> 1]',
        replace: 'values[voters.length >> 1]',
      },
    ],
  },
  {
    name: 'election-won-by-half',
    story: 'in a group of even size, half of the votes wins',
    patches: [
      {
        file: 'shared/raft/quorum',
        find: 'const needed = (voters.length >> 1) + 1;',
        replace: 'const needed = (voters.length + 1) >> 1;',
      },
    ],
  },
];
