import { DurationHistogram, MetricsText, writeProcessMetrics } from '#shared/runtime';

/** Kubernetes' labels of a request; `resource` is empty for what is no kind of this server's. */
export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: '' | 'cluster' | 'namespace' | 'resource';
}

/** Kubernetes' upper bounds, in milliseconds: fine around what its objectives speak of. */
const boundsMs = [
  5, 25, 50, 100, 200, 400, 600, 800, 1_000, 1_250, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000,
  10_000, 15_000, 20_000, 30_000, 45_000, 60_000,
];

interface Counted {
  readonly labels: RequestLabels;
  readonly codes: Map<number, number>;
  readonly took: DurationHistogram;
  /** Under way. */
  active: number;
}

const readOnly = new Set(['GET', 'LIST']);
/** Open for as long as their client likes. */
const longRunning = new Set(['WATCH', 'CONNECT']);

/** What an API server says of its requests, under Kubernetes' names. */
export class RequestMetrics {
  readonly #counted = new Map<string, Counted>();

  /** A request has come; the function it returns is called with its code and how long it took. */
  begin(labels: RequestLabels): (code: number, tookMs: number) => void {
    const key = Object.values(labels).join(' ');
    let counted = this.#counted.get(key);
    if (!counted) {
      const took = new DurationHistogram(boundsMs);
      counted = { labels, codes: new Map(), took, active: 0 };
      this.#counted.set(key, counted);
    }
    const { codes, took } = counted;
    counted.active += 1;
    return (code, tookMs) => {
      counted.active -= 1;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (!longRunning.has(labels.verb)) took.observe(tookMs);
    };
  }

  async text(): Promise<string> {
    const out = new MetricsText();
    const all = [...this.#counted.values()].map((counted) => ({
      ...counted,
      labels: { ...counted.labels, component: 'apiserver' },
    }));
    out.counter(
      'apiserver_request_total',
      'Counter of apiserver requests broken out for each verb, group, version, resource, scope, component, and HTTP response code.',
      all.flatMap(({ labels, codes }) =>
        [...codes].map(([code, value]) => ({ labels: { ...labels, code: String(code) }, value })),
      ),
    );
    const short = all.filter(({ labels }) => !longRunning.has(labels.verb));
    out.histogram(
      'apiserver_request_duration_seconds',
      'Response latency distribution in seconds for each verb, group, version, resource, subresource, scope and component.',
      short.map(({ labels, took }) => ({ labels, histogram: took })),
    );
    out.gauge(
      'apiserver_longrunning_requests',
      'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.',
      all
        .filter(({ labels }) => longRunning.has(labels.verb))
        .map(({ labels, active }) => ({ labels, value: active })),
    );
    const inflight = (isReadOnly: boolean): number =>
      short
        .filter(({ labels }) => readOnly.has(labels.verb) === isReadOnly)
        .reduce((sum, { active }) => sum + active, 0);
    out.gauge(
      'apiserver_current_inflight_requests',
      'Number of currently used inflight request limit of this apiserver per request kind.',
      [
        { labels: { request_kind: 'mutating' }, value: inflight(false) },
        { labels: { request_kind: 'readOnly' }, value: inflight(true) },
      ],
    );
    await writeProcessMetrics(out);
    return out.text;
  }
}
