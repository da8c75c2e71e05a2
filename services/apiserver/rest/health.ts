import { refs } from '#shared/api';
import { version } from '#shared/runtime';
import type { Core } from '../core.ts';
import type { Exchange } from './exchange.ts';

/** The Kubernetes release whose API this is; clients compare their own with it. */
const kubernetes = { major: '1', minor: '31' };

export function serveVersion(exchange: Exchange): void {
  exchange.json({
    ...kubernetes,
    gitVersion: `v${kubernetes.major}.${kubernetes.minor}.0+quorate-${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux/amd64',
  });
}

type Check = (core: Core) => Promise<unknown>;

const ping: Check = async () => undefined;
/** A linearizable read: the store answers, and has a quorum. */
const store: Check = (core) => core.registry.get(core.kinds.builtin(refs.namespaces), 'default');

const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  livez: { ping },
  healthz: { ping, etcd: store },
  readyz: { ping, etcd: store },
};

/** `/livez`, `/readyz` and `/healthz`, each check also by itself below it; false for other paths. */
export async function serveHealth(core: Core, path: string, exchange: Exchange): Promise<boolean> {
  const [, endpoint = '', only, ...rest] = path.split('/');
  const all = Object.hasOwn(checks, endpoint) ? checks[endpoint] : undefined;
  if (!all || rest.length > 0) return false;
  const excluded = new Set(exchange.query.getAll('exclude'));
  const names = Object.keys(all).filter((name) => (only ?? name) === name && !excluded.has(name));
  if (only !== undefined && names.length === 0) return false;
  const passed = await Promise.all(
    names.map(async (name) => {
      try {
        await all[name]?.(core);
        return true;
      } catch {
        return false;
      }
    }),
  );
  const well = passed.every(Boolean);
  if (well && !exchange.query.has('verbose')) {
    exchange.text('ok');
    return true;
  }
  const lines = names.map((name, i) =>
    passed[i] === true ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
  );
  const verdict = `${endpoint} check ${well ? 'passed' : 'failed'}`;
  exchange.text(`${[...lines, verdict].join('\n')}\n`, well ? 200 : 500);
  return true;
}
