import { assert } from '#shared/base';
import { changeConf, isJoint, isVoter } from './conf-change.ts';
import { encodeConfChange } from './conf-change-codec.ts';
import type { Core } from './core.ts';
import { leaderRemoved } from './early-pre-vote.ts';
import { answerReads } from './reads.ts';
import { advanceCommit, appendToLog, sendAppends } from './replication.ts';
import { becomeFollower } from './roles.ts';
import { type ConfChange, type ConfState, noNode } from './types.ts';

/** Takes a configuration into use: when it is applied, as in etcd, not when it is appended. */
export function applyConfChange(core: Core, change: ConfChange): ConfState {
  const result = changeConf(core.appliedConf, change);
  // The leader checked it against this very configuration before it proposed it.
  assert(result.ok, `committed membership change is impossible: ${result.ok || result.problem}`);
  core.appliedConf = result.conf;
  if (!core.nextConfEntryIsOld()) switchConf(core, result.conf);
  return result.conf;
}

export function switchConf(core: Core, conf: ConfState): void {
  const led = isVoter(core.conf, core.leader);
  core.conf = conf;
  if (core.role === 'follower' && led && !isVoter(conf, core.leader)) leaderRemoved(core);
  if (core.role !== 'leader') return;
  core.syncProgress();
  if (!isVoter(conf, core.id)) {
    // Nobody else may know yet that the change is committed: say so before leaving.
    core.announcedCommit = core.log.committed;
    sendAppends(core);
    becomeFollower(core, core.term, noNode);
    return;
  }
  // A smaller quorum may agree already.
  advanceCommit(core);
  answerReads(core);
  if (core.transferTarget !== noNode && !isVoter(conf, core.transferTarget)) {
    core.transferTarget = noNode;
  }
}

/** Leader: leaves a joint configuration by itself where the change said so. */
export function autoLeaveJoint(core: Core): void {
  if (core.role !== 'leader' || !isJoint(core.conf) || !core.conf.autoLeave) return;
  if (core.log.applied < core.pendingConfIndex) return;
  const leave = encodeConfChange({ changes: [], context: new Uint8Array() });
  appendToLog(core, [{ type: 'conf-change', data: leave }]);
  core.pendingConfIndex = core.log.lastIndex;
}
