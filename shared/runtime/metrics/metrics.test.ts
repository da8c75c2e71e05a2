import { expect, test } from 'vitest';
import { DurationHistogram } from './histogram.ts';
import { MetricsText } from './text.ts';

test('durations fall into the buckets that hold them', () => {
  const histogram = new DurationHistogram();
  for (const ms of [0.2, 1, 1.5, 8192, 10_000]) histogram.observe(ms);
  const counts = new Map(histogram.cumulative().map(({ le, count }) => [le, count]));
  expect(counts.get(0.001)).toBe(2);
  expect(counts.get(0.002)).toBe(3);
  expect(counts.get(8.192)).toBe(4);
  expect(counts.get(Infinity)).toBe(5);
  expect(histogram.sumSeconds).toBeCloseTo(18.1947, 4);
});

test('the text is what Prometheus reads', () => {
  const out = new MetricsText();
  out.gauge('up', 'Whether.', 1);
  out.counter('calls_total', 'Calls.', [{ labels: { to: 'a"b\\c\n', code: 'OK' }, value: 2 }]);
  const histogram = new DurationHistogram();
  histogram.observe(3);
  out.histogram('took_seconds', 'Took.', histogram);
  const lines = out.text.split('\n');
  expect(lines.slice(0, 6)).toEqual([
    '# HELP up Whether.',
    '# TYPE up gauge',
    'up 1',
    '# HELP calls_total Calls.',
    '# TYPE calls_total counter',
    'calls_total{to="a\\"b\\\\c\\n",code="OK"} 2',
  ]);
  expect(lines).toContain('took_seconds_bucket{le="0.004"} 1');
  expect(lines).toContain('took_seconds_bucket{le="+Inf"} 1');
  expect(lines.slice(-3)).toEqual(['took_seconds_sum 0.003', 'took_seconds_count 1', '']);
});
