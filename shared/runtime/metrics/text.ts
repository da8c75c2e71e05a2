import { DurationHistogram } from './histogram.ts';

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  readonly histogram: DurationHistogram;
}

/** Writes Prometheus' text format. */
export class MetricsText {
  #text = '';

  get text(): string {
    return this.#text;
  }

  gauge(name: string, help: string, value: number | readonly Sample[]): void {
    this.#metric('gauge', name, help, value);
  }

  counter(name: string, help: string, value: number | readonly Sample[]): void {
    this.#metric('counter', name, help, value);
  }

  histogram(
    name: string,
    help: string,
    value: DurationHistogram | readonly HistogramSample[],
  ): void {
    this.#head('histogram', name, help);
    const samples = value instanceof DurationHistogram ? [{ labels: {}, histogram: value }] : value;
    for (const { labels, histogram } of samples) this.#buckets(name, labels, histogram, 1);
  }

  /** As `histogram`, for the few whose unit is the millisecond. */
  histogramMs(name: string, help: string, histogram: DurationHistogram): void {
    this.#head('histogram', name, help);
    this.#buckets(name, {}, histogram, 1000);
  }

  #buckets(name: string, labels: Labels, histogram: DurationHistogram, perSecond: number): void {
    const buckets = histogram.cumulative();
    for (const { le, count } of buckets) {
      const bound = le === Infinity ? '+Inf' : String(le * perSecond);
      this.#line(`${name}_bucket`, { ...labels, le: bound }, count);
    }
    this.#line(`${name}_sum`, labels, histogram.sumSeconds * perSecond);
    this.#line(`${name}_count`, labels, buckets.at(-1)?.count ?? 0);
  }

  #metric(type: string, name: string, help: string, value: number | readonly Sample[]): void {
    this.#head(type, name, help);
    const samples = typeof value === 'number' ? [{ labels: {}, value }] : value;
    for (const sample of samples) this.#line(name, sample.labels, sample.value);
  }

  #head(type: string, name: string, help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  #line(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`);
    const number = value === Infinity ? '+Inf' : String(value);
    this.#text += `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${number}\n`;
  }
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
