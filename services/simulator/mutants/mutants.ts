import { callersMutants } from './callers.ts';
import { controlMutants } from './control.ts';
import { departureMutants } from './departures.ts';
import { disruptionMutants } from './disruptions.ts';
import { fourthMutants } from './fourth.ts';
import { housekeepingMutants } from './housekeeping.ts';
import { inspectorsMutants } from './inspectors.ts';
import { judgedMutants } from './judged.ts';
import { membershipMutants } from './membership.ts';
import { lineMutants } from './lines.ts';
import type { Mutant } from './mutant.ts';
import { mvccMutants } from './mvcc.ts';
import { outsidersMutants } from './outsiders.ts';
import { plantedMutants } from './planted.ts';
import { raftMutants } from './raft.ts';
import { readersMutants } from './readers.ts';
import { reviewersMutants } from './reviewers.ts';
import { slipMutants } from './slips.ts';
import { storeMutants } from './store.ts';
import { strangersMutants } from './strangers.ts';
import { visitorsMutants } from './visitors.ts';
import { workloadMutants } from './workloads.ts';

/** The bug museum. */
export const mutants: readonly Mutant[] = [
  ...raftMutants,
  ...membershipMutants,
  ...mvccMutants,
  ...storeMutants,
  ...slipMutants,
  ...controlMutants,
  ...workloadMutants,
  ...judgedMutants,
  ...plantedMutants,
  ...strangersMutants,
  ...fourthMutants,
  ...departureMutants,
  ...outsidersMutants,
  ...readersMutants,
  ...inspectorsMutants,
  ...reviewersMutants,
  ...disruptionMutants,
  ...visitorsMutants,
  ...housekeepingMutants,
  ...lineMutants,
  ...callersMutants,
];
