import { workerData } from 'node:worker_threads';
import { ensureCertificates } from './cluster/certificates.ts';
import type { Cluster } from './cluster/state.ts';

/** The thread that makes a cluster's certificates while its parts start in another one. */
const { cluster, nowMs } = workerData as { readonly cluster: Cluster; readonly nowMs: number };
await ensureCertificates(cluster, nowMs);
