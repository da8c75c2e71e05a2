import type { MetricsText } from '#shared/runtime';
import { hexId } from '../member/shown-id.ts';
import type { PeerTraffic } from '../metrics/peer-traffic.ts';
import type { Serving } from '../serve/context.ts';

/** With etcd's labels: ids in hexadecimal. */
export function writePeers(
  out: MetricsText,
  serving: Serving,
  peers: ReadonlyMap<number, PeerTraffic>,
): void {
  const each = [...peers].map(([id, traffic]) => ({ hex: hexId(id), id, traffic }));
  const metric = (name: string): string => `etcd_network_${name}`;
  const counted = (
    name: string,
    help: string,
    label: 'To' | 'From',
    value: (traffic: PeerTraffic) => number,
  ): void => {
    const samples = each.map(({ hex, traffic }) => ({
      labels: { [label]: hex },
      value: value(traffic),
    }));
    out.counter(metric(name), help, samples);
  };
  const sent = 'The total number of bytes sent to peers.';
  counted('peer_sent_bytes_total', sent, 'To', ({ sentBytes }) => sentBytes);
  const received = 'The total number of bytes received from peers.';
  counted('peer_received_bytes_total', received, 'From', ({ receivedBytes }) => receivedBytes);
  const unsent = 'The total number of send failures to peers.';
  counted('peer_sent_failures_total', unsent, 'To', ({ sentFailures }) => sentFailures);
  const unread = 'The total number of receive failures from peers.';
  counted('peer_received_failures_total', unread, 'From', (traffic) => traffic.receivedFailures);
  out.histogram(
    metric('peer_round_trip_time_seconds'),
    'Round-Trip-Time histogram between peers',
    each.map(({ hex, traffic }) => ({ labels: { To: hex }, histogram: traffic.roundTrip })),
  );
  const Local = hexId(serving.memberId);
  out.gauge(
    metric('active_peers'),
    'The current number of active peer connections.',
    each.map(({ hex, id }) => ({
      labels: { Local, Remote: hex },
      value: serving.transport.connectedSince(id) === undefined ? 0 : 1,
    })),
  );
  out.counter(
    metric('disconnected_peers_total'),
    'The total number of disconnected peers.',
    each.map(({ hex, traffic }) => ({
      labels: { Local, Remote: hex },
      value: traffic.disconnects,
    })),
  );
  const others = [...serving.state.members.keys()].filter((id) => id !== serving.memberId);
  out.gauge(
    metric('known_peers'),
    'The current number of known peers.',
    others.map((id) => ({ labels: { Local, Remote: hexId(id) }, value: 1 })),
  );
}
