/** A history that raft must never produce. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
