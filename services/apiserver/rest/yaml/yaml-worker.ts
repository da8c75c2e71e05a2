import { parentPort, workerData } from 'node:worker_threads';
import { readYaml } from './read-yaml.ts';

/** The thread of one long document: what came of it is its only message. */
parentPort?.postMessage(readYaml(workerData as string));
