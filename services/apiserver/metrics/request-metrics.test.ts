import { expect, test } from 'vitest';
import { RequestMetrics } from './request-metrics.ts';

const pods = {
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  scope: 'namespace',
} as const;

test('requests are counted by verb, kind and code, and timed when they are short', async () => {
  const metrics = new RequestMetrics();
  metrics.begin({ ...pods, verb: 'LIST' })(200, 30);
  metrics.begin({ ...pods, verb: 'LIST' })(200, 3_000);
  metrics.begin({ ...pods, verb: 'LIST' })(403, 1);
  metrics.begin({ ...pods, verb: 'POST' });
  const end = metrics.begin({ ...pods, verb: 'WATCH' });
  metrics.begin({ ...pods, verb: 'WATCH' });
  end(200, 60_000);
  const lines = (await metrics.text()).split('\n');
  const labels = 'group="",version="v1",resource="pods",subresource="",scope="namespace",verb=';
  const of = (name: string, verb: string, rest = ''): string =>
    `${name}{${labels}"${verb}",component="apiserver"${rest}}`;
  expect(lines).toContain(`${of('apiserver_request_total', 'LIST', ',code="200"')} 2`);
  expect(lines).toContain(`${of('apiserver_request_total', 'LIST', ',code="403"')} 1`);
  const bucket = 'apiserver_request_duration_seconds_bucket';
  expect(lines).toContain(`${of(bucket, 'LIST', ',le="0.05"')} 2`);
  expect(lines).toContain(`${of(bucket, 'LIST', ',le="+Inf"')} 3`);
  expect(lines).toContain(`${of('apiserver_longrunning_requests', 'WATCH')} 1`);
  expect(lines).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 1');
  expect(lines.filter((line) => line.startsWith(`${bucket}{`) && line.includes('WATCH'))).toEqual(
    [],
  );
});
