import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createRng } from '#shared/base';
import { createLogger, exitCodes, logFormats, logLevels, runMain, setting } from '#shared/runtime';
import { ensureCertificates } from './cluster/certificates.ts';
import { connectStore, externalStore, type StoreFlags } from './cluster/external-store.ts';
import { kubeconfigFile } from './cluster/kubeconfig.ts';
import { checkNetworks, checkPortRange } from './cluster/networks.ts';
import { type Cluster, dataDir } from './cluster/state.ts';
import { CommandError, describeError } from './command-error.ts';
import type { Context } from './context.ts';
import { choiceFlag, integerFlag } from './flags.ts';

/** As kube-apiserver names them, where it has them. */
export interface ApiServerFlags extends StoreFlags {
  readonly dataDir?: string;
  readonly bindAddress?: string;
  readonly advertiseAddress?: string;
  readonly securePort?: string;
  readonly grpcPort?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly serviceNodePortRange?: string;
  readonly withControllers?: boolean;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** An API server on its own, over a store elsewhere; with scheduler and controllers if wanted. */
export async function runApiServer(context: Context, flags: ApiServerFlags): Promise<void> {
  const { env, host, clock, err } = context;
  const flag = (name: string, given: string | undefined): string | undefined =>
    setting(`--${name}`, given, env);
  try {
    const store = externalStore(context, flags);
    if (!store) {
      throw new CommandError('required flag(s) "store-endpoints" not set', {
        hint: 'An API server on its own keeps its state in an etcd: --store-endpoints https://10.0.0.1:2379,…',
      });
    }
    const level = choiceFlag('--log-level', flag('log-level', flags.logLevel) ?? 'info', logLevels);
    const format = flag('log-format', flags.logFormat) ?? 'json';
    const log = createLogger({
      component: 'apiserver',
      level,
      format: choiceFlag('--log-format', format, logFormats),
    });
    const { cluster, listen, listenRest, advertised } = describe(context, flags);
    await ensureCertificates(cluster, clock.now());
    const { connected, controlPlane } = await load(store, context);
    const services = controlPlane({
      context,
      log,
      cluster,
      name,
      kv: connected.kv,
      rng: createRng(randomInt(2 ** 32)),
      listen,
      listenRest,
      controllers: flags.withControllers === true,
    });
    log.info({ url: `https://${advertised}`, kubeconfig: kubeconfigFile(cluster) }, 'starting');
    await runMain(host, log, () => Promise.resolve([connected, ...services]));
  } catch (error) {
    err.write(`${describeError(error)}\n`);
    host.exit(exitCodes.failed);
  }
}

/** Its certificate's name, and the files'. */
const name = 'apiserver';

async function load(store: Parameters<typeof connectStore>[0], { clock }: Context) {
  const [connected, { controlPlane }] = await Promise.all([
    connectStore(store, clock),
    import('./master.ts'),
  ]);
  return { connected, controlPlane };
}

interface Described {
  readonly cluster: Cluster;
  readonly listen: { readonly host: string; readonly port: number };
  readonly listenRest: { readonly host: string; readonly port: number };
  /** `host:port` of the REST API, as clients reach it. */
  readonly advertised: string;
}

/** A cluster of one part, as far as certificates and networks go. */
function describe(context: Context, flags: ApiServerFlags): Described {
  const { env, cwd } = context;
  const set = (name: string, given: string | undefined, otherwise: string): string =>
    setting(`--${name}`, given, env) ?? otherwise;
  const port = (name: string, given: string | undefined, otherwise: string): number =>
    integerFlag(`--${name}`, set(name, given, otherwise), 1, 65_535);
  const dir = dataDir(flags.dataDir, env, cwd);
  if (existsSync(join(dir, 'cluster.json'))) {
    throw new CommandError(`${dir} holds a cluster of \`quorate up\``, {
      hint: 'Name a directory of its own for the API server with --data-dir.',
    });
  }
  const bind = set('bind-address', flags.bindAddress, '127.0.0.1');
  const wildcard = bind === '0.0.0.0' || bind === '::';
  const address = set('advertise-address', flags.advertiseAddress, wildcard ? '127.0.0.1' : bind);
  const rest = port('secure-port', flags.securePort, '6443');
  const api = port('grpc-port', flags.grpcPort, '26440');
  const podCidr = set('pod-cidr', flags.podCidr, '127.64.0.0/11');
  const serviceCidr = set('service-cidr', flags.serviceCidr, '127.96.0.0/16');
  checkNetworks(podCidr, serviceCidr, 0);
  const rangeFlag = '--service-node-port-range';
  const nodePortRange = checkPortRange(
    rangeFlag,
    setting(rangeFlag, flags.serviceNodePortRange, env),
  );
  const advertised = `${address}:${rest}`;
  const part = {
    role: 'master',
    name,
    client: '',
    peer: '',
    api: `${address}:${api}`,
    rest: advertised,
  } as const;
  const cluster: Cluster = {
    dir,
    state: { version: 1, createdAt: '', podCidr, serviceCidr, nodePortRange, parts: [part] },
  };
  return {
    cluster,
    listen: { host: bind, port: api },
    listenRest: { host: bind, port: rest },
    advertised,
  };
}
