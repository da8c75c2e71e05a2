/** A history that raft must never produce. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}
