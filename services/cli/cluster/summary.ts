import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Context } from '../context.ts';
import { formatTable } from '../print/table.ts';
import { kubeconfigFile } from './kubeconfig.ts';
import { type MasterPart, mastersOf } from './layout.ts';
import { runningProcess } from './processes.ts';
import { type Cluster } from './state.ts';

/** What runs where: one row for each process of the cluster. */
export function describeCluster(cluster: Cluster): string {
  const storeAddresses = (part: MasterPart): string[] =>
    cluster.state.store ? ['-', '-'] : [part.client, part.peer];
  const rows = cluster.state.parts.map((part) => {
    const pid = runningProcess(cluster, part.name)?.pid;
    const process = pid === undefined ? '<stopped>' : String(pid);
    return part.role === 'master'
      ? [part.name, process, ...storeAddresses(part), part.api, part.rest, '-']
      : [part.name, process, '-', '-', '-', '-', part.agent];
  });
  return formatTable(
    ['name', 'pid', 'etcd client', 'peer', 'api', 'kubernetes api', 'agent'],
    rows,
  );
}

/** The commands to try now, ready to be pasted. */
export function nextSteps(context: Context, cluster: Cluster, dirFlag: string | undefined): string {
  const quorate = commandName(context);
  const flag = dirFlag === undefined ? '' : ` --data-dir ${cluster.dir}`;
  const own = mastersOf(cluster.state.parts).map((part) => part.client);
  const endpoints = (cluster.state.store?.endpoints ?? own).join(',');
  return [
    `Data and logs: ${cluster.dir}`,
    '',
    'Try next:',
    `  ${quorate} status${flag}`,
    `  ${quorate} apply -f examples/hello.yaml${flag}`,
    `  ${quorate} get pods -o wide${flag}`,
    `  ${quorate} kill master-1${flag}     # and: ${quorate} start master-1${flag}`,
    `  ${quorate} down${flag}              # the data stays; --purge removes it`,
    `  export KUBECONFIG=${kubeconfigFile(cluster)}    # then: kubectl get pods -A`,
    `  ETCDCTL_API=3 etcdctl --endpoints=${endpoints} endpoint status -w table`,
    '',
  ].join('\n');
}

/**
 * How the person reading this can call us. npm and make put node_modules/.bin on the path of what
 * they run, not on the path of the shell that reads the answer.
 */
function commandName({ env }: Context): string {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const installed = folders.some(
    (folder) =>
      !folder.includes(join('node_modules', '.bin')) && isProgram(join(folder, 'quorate')),
  );
  return installed ? 'quorate' : 'npx quorate';
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
