/** One member as `MemberList` shows it, and what keeps its successors apart from it. */
export interface Member {
  /** An integer in [1, 2^53). */
  readonly id: number;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  /** Empty until the member has started for the first time. */
  readonly clientUrls: readonly string[];
  readonly learner: boolean;
  /** Drawn with its data directory; 0 until it has published itself. */
  readonly incarnation: number;
}

/** It has told the others of itself, and may have promised them things since. */
export function hasPublished(member: Member): boolean {
  return member.clientUrls.length > 0;
}
