import { DurationHistogram, exponentialMs } from '#shared/runtime';

/** etcd's buckets: 0.1 ms, doubled, up to 3.3 s. */
const roundTripBoundsMs = exponentialMs(0.1, 16);

/** What went to one other member and came from it. */
export class PeerTraffic {
  sentBytes = 0;
  receivedBytes = 0;
  /** Messages given up, and connections that ended with something unreadable. */
  sentFailures = 0;
  receivedFailures = 0;
  /** Connections to it that were lost. */
  disconnects = 0;
  readonly roundTrip = new DurationHistogram(roundTripBoundsMs);
}
