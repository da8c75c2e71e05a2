import { must } from '#shared/base';
import { refs } from '#shared/api';
import { version } from '#shared/runtime';
import type { Core } from '../core.ts';
import type { Exchange } from './exchange.ts';
import { kubernetesRelease } from './kubernetes-release.ts';

export function serveVersion(exchange: Exchange): void {
  const { major, minor, version: release } = kubernetesRelease;
  exchange.json({
    major,
    minor,
    gitVersion: `${release}+quorate-${version}`,
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

/** The collections that requests are judged by are in memory: roles, bindings, namespaces. */
const informers: Check = async ({ kinds, watches }) => {
  for (const ref of [refs.namespaces, refs.clusterRoles, refs.clusterRoleBindings]) {
    must(watches.of(kinds.builtin(ref)).seen, `${ref.resource} are loaded`);
  }
};
/** Who may do what is known: until then everybody waits. */
const roles: Check = async ({ security }) => security.policy.current();

const bootRoles = 'poststarthook/rbac/bootstrap-roles';
const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  livez: { ping, etcd: store, [bootRoles]: roles },
  healthz: { ping, etcd: store, [bootRoles]: roles },
  readyz: {
    ping,

    etcd: store,
    'etcd-readiness': store,
    'informer-sync': informers,
    [bootRoles]: roles,
  },
};

/** `/livez`, `/readyz` and `/healthz`, each check also by itself below it; false for other paths. */
export async function serveHealth(core: Core, path: string, exchange: Exchange): Promise<boolean> {
  const [, endpoint = '', ...rest] = path.split('/');
  const all = Object.hasOwn(checks, endpoint) ? checks[endpoint] : undefined;
  if (!all) return false;
  const only = rest.length > 0 ? rest.join('/') : undefined;
  const names = Object.keys(all).filter((name) => (only ?? name) === name);
  if (only !== undefined && names.length === 0) return false;
  const asked = exchange.query.getAll('exclude');
  const excluded = new Set(asked.filter((name) => names.includes(name)));
  const unknown = asked.filter((name) => !excluded.has(name));
  const passed = await Promise.all(
    names.map(async (name) => {
      if (excluded.has(name)) return true;
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
  const lines = names.map((name, i) => {
    if (excluded.has(name)) return `[+]${name} excluded: ok`;
    return passed[i] === true ? `[+]${name} ok` : `[-]${name} failed: reason withheld`;
  });
  if (unknown.length > 0) {
    const list = unknown.map((name) => JSON.stringify(name)).join(',');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${list}`);
  }
  const verdict = `${endpoint} check ${well ? 'passed' : 'failed'}`;
  exchange.text(`${[...lines, verdict].join('\n')}\n`, well ? 200 : 500);
  return true;
}
