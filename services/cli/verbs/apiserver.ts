import { Command } from 'commander';
import type { ApiServerFlags } from '../apiserver.ts';
import { addStore } from '../cluster/external-store.ts';
import type { Context } from '../context.ts';

/** kube-apiserver's names of the same flags; ours win where both are given. */
interface Flags extends ApiServerFlags {
  readonly etcdServers?: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly serviceClusterIpRange?: string;
}

export function command(context: Context): Command {
  return addStore(new Command())
    .option('--etcd-servers <urls>', 'the same as --store-endpoints')
    .option('--etcd-cafile <file>', 'the same as --store-cafile')
    .option('--etcd-certfile <file>', 'the same as --store-certfile')
    .option('--etcd-keyfile <file>', 'the same as --store-keyfile')
    .option(
      '--data-dir <dir>',
      'for its certificates, keys and kubeconfig, made where missing: servers of one cluster have the same pki/ca.crt, pki/ca.key and pki/sa.key',
    )
    .option('--bind-address <ip>', 'where it listens (default: 127.0.0.1)')
    .option('--advertise-address <ip>', 'how clients reach it (default: the same)')
    .option('--secure-port <port>', 'of the Kubernetes REST API (default: 6443)')
    .option('--grpc-port <port>', 'of quorate.v1 (default: 26440)')
    .option('--pod-cidr <cidr>', 'loopback network of pods (default: 127.64.0.0/11)')
    .option('--service-cidr <cidr>', 'loopback network of services (default: 127.96.0.0/16)')
    .option(
      '--service-node-port-range <first-last>',
      'ports of NodePort services (default: 30000-32767)',
    )
    .option('--service-cluster-ip-range <cidr>', 'the same as --service-cidr')
    .option(
      '--with-controllers',
      'run the scheduler and the controllers too, one of all servers at a time',
    )
    .option('--log-level <level>', 'debug, info, warn, error or silent (default: info)')
    .option('--log-format <format>', 'json or text (default: json)')
    .action(async (flags: Flags) => {
      const { runApiServer } = await import('../apiserver.ts');
      await runApiServer(context, {
        ...flags,
        ...first('storeEndpoints', flags.storeEndpoints, flags.etcdServers),
        ...first('storeCafile', flags.storeCafile, flags.etcdCafile),
        ...first('storeCertfile', flags.storeCertfile, flags.etcdCertfile),
        ...first('storeKeyfile', flags.storeKeyfile, flags.etcdKeyfile),
        ...first('serviceCidr', flags.serviceCidr, flags.serviceClusterIpRange),
      });
    });
}

const first = (name: string, ...given: (string | undefined)[]): Record<string, string> => {
  const value = given.find((each) => each !== undefined);
  return value === undefined ? {} : { [name]: value };
};
