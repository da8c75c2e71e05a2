/**
 * Everything but `accepted` means: not in any log and never will be. `accepted` is no promise of
 * commitment; see the `propose` message for when a lost proposal may be proposed again.
 */
export type ProposeResult =
  | 'accepted'
  | 'no-leader'
  | 'transferring'
  | 'too-much-uncommitted'
  /** This member is in no configuration, or was removed. */
  | 'not-member'
  /** An earlier membership change is not applied yet, or the joint configuration must be left first. */
  | 'conf-change-pending'
  /** The change makes no sense for the present configuration, such as removing the last voter. */
  | 'conf-change-invalid';
