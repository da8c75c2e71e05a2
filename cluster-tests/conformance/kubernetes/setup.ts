import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startLab } from '#shared/lab';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the kubeconfig of the cluster that every file of the suite uses. */
    readonly kubeconfig: string;
  }
}

/** One cluster for the whole suite: what `quorate up` leaves behind is all that its clients get. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const lab = await startLab({ masters: 1, workers: 2 });
  project.provide('kubeconfig', join(lab.dataDir, 'kubeconfig'));
  return () => lab.destroy();
}
