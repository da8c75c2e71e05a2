import type { Mutant } from './mutant.ts';
import { raftMutants } from './raft.ts';
import { storeMutants } from './store.ts';

/** The bug museum: classics of Raft, MVCC, leases and watches, some of them once etcd's own. */
export const mutants: readonly Mutant[] = [...raftMutants, ...storeMutants];
