import { getHeapStatistics } from 'node:v8';
import { hexId } from '../member/shown-id.ts';
import type { Serving } from '../serve/context.ts';
import { answer, type HttpHandler, refuseOtherThanGet } from './answers.ts';

export interface VarsParts {
  readonly serving: Serving;
}

/** `/debug/vars`, as Go's expvar: raft as etcd tells it there, and the heap under Go's names. */
export function varsHandler({ serving }: VarsParts): HttpHandler {
  return (request, response) => {
    if (refuseOtherThanGet(request, response)) return;
    const body = { 'raft.status': raftStatus(serving), memstats: heap() };
    answer(response, 200, 'application/json; charset=utf-8', JSON.stringify(body));
  };
}

function raftStatus({ node }: Serving): object {
  const { id, role, term, vote, commit, leader, progress, transferTarget } = node.status();
  const capital = `${role.charAt(0).toUpperCase()}${role.slice(1)}`;
  return {
    id: hexId(id),
    term,
    vote: hexId(vote),
    commit,
    lead: hexId(leader),
    raftState: `State${capital}`,
    applied: node.backend.applied.index,
    progress: Object.fromEntries(
      progress.map(({ id: member, match, next }) => [hexId(member), { match, next }]),
    ),
    leadtransferee: hexId(transferTarget),
  };
}

function heap(): object {
  const { used_heap_size: used, total_heap_size: total } = getHeapStatistics();
  return { Alloc: used, HeapAlloc: used, HeapSys: total };
}
