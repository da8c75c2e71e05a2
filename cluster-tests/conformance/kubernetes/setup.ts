import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startLab } from '#shared/lab';
import { etcd, Members } from '../../bench/members.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the kubeconfig of the cluster that every file of the suite uses. */
    readonly kubeconfig: string;
  }
}

/**
 * One cluster for the whole suite: what `quorate up` leaves behind is all that its clients get. With
 * `CONFORMANCE_STORE=etcd` its state is in three members of a real etcd.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const members = process.env['CONFORMANCE_STORE'] === 'etcd' ? new Members(etcd) : undefined;
  members?.startAll();
  await members?.leader();
  const storeEndpoints = members?.endpoints.map((endpoint) => `http://${endpoint}`);
  const lab = await startLab({ masters: 1, workers: 2, storeEndpoints });
  project.provide('kubeconfig', join(lab.dataDir, 'kubeconfig'));
  return async () => {
    await lab.destroy();
    await members?.destroy();
  };
}
