/** One member as `MemberList` shows it. */
export interface Member {
  /** An integer in [1, 2^53). */
  readonly id: number;
  readonly name: string;
  readonly peerUrls: readonly string[];
  /** Empty until the member has started for the first time. */
  readonly clientUrls: readonly string[];
  readonly learner: boolean;
}
