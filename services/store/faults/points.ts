import { type FaultPlane, passPointSync, pointsAround, pointsAroundSync } from '#shared/faults';
import type { MemberBackend, MemberStorage } from '../consensus/storage.ts';
import type { StateMachine } from '../state/state-machine.ts';

/** Failpoints at every place where something becomes durable; etcd's names where the place is the same. */
export function pointsInStorage(plane: FaultPlane, storage: MemberStorage): void {
  pointsAround(plane, storage.log, 'write', ['raftBeforeSave'], ['raftAfterSave']);
  pointsAround(plane, storage.log, 'compact', ['raftBeforeLogCompact'], ['raftAfterLogCompact']);
  pointsAround(plane, storage, 'stage', ['raftBeforeSaveSnap'], ['raftAfterSaveSnap']);
  pointsInBackend(plane, storage.backend);
  const install = storage.install.bind(storage);
  Object.defineProperty(storage, 'install', {
    configurable: true,
    value: async (...args: Parameters<MemberStorage['install']>) => {
      const backend = await install(...args);
      pointsInBackend(plane, backend);
      return backend;
    },
  });
  pointsAround(plane, storage, 'install', ['raftBeforeApplySnap'], ['raftAfterApplySnap']);
}

function pointsInBackend(plane: FaultPlane, backend: MemberBackend): void {
  const before = ['backendBeforePreCommitHook', 'beforeCommit'];
  pointsAround(plane, backend, 'flush', before, ['afterCommit']);
  pointsAround(plane, backend, 'defragment', ['defragBeforeCopy'], ['defragAfterCopy']);
}

/** Around the applying of one command, and each step of a compaction. */
export function pointsInState(plane: FaultPlane, state: StateMachine): void {
  pointsAroundSync(plane, state, 'apply', ['beforeApplyCommand'], ['afterApplyCommand']);
  const around = (): void => {
    const { mvcc } = state;
    const steps = mvcc.compactionSteps.bind(mvcc);
    Object.defineProperty(mvcc, 'compactionSteps', {
      configurable: true,
      value: (...args: Parameters<typeof steps>) => pointsInSteps(plane, steps(...args)),
    });
    pointsAroundSync(
      plane,
      mvcc,
      'compact',
      ['compactBeforeCommitScheduledCompact'],
      ['compactAfterCommitScheduledCompact'],
    );
  };
  for (const name of batchPoints) plane.addPoint(name);
  around();
  const replace = state.replace.bind(state);
  Object.defineProperty(state, 'replace', {
    configurable: true,
    value: (...args: Parameters<StateMachine['replace']>) => {
      replace(...args);
      around();
    },
  });
}

const batchPoints = ['compactBeforeCommitBatch', 'compactAfterCommitBatch'] as const;

function* pointsInSteps(plane: FaultPlane, steps: Generator<void, void>): Generator<void, void> {
  const [before, after] = batchPoints;
  for (;;) {
    passPointSync(plane, before);
    const { done } = steps.next();
    passPointSync(plane, after);
    if (done) return;
    yield;
  }
}
