import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { messageOf } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Clock } from '#shared/clock';
import { type Service, setting } from '#shared/runtime';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';

/** A store that runs by itself, such as a real etcd: the masters have none of their own then. */
export interface ExternalStore {
  /** `http://host:port` or `https://host:port`. */
  readonly endpoints: readonly string[];
  /** Absolute paths of PEM files, for https. */
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export interface StoreFlags {
  readonly storeEndpoints?: string;
  readonly storeCafile?: string;
  readonly storeCertfile?: string;
  readonly storeKeyfile?: string;
}

/** The flags that name it. */
export const addStore = (command: Command): Command =>
  command
    .option(
      '--store-endpoints <urls>',
      'a real etcd (or `quorate store`) for the state, as URLs with commas',
    )
    .option('--store-cafile <file>', 'whose certificates these endpoints show')
    .option('--store-certfile <file>', 'the certificate to show them')
    .option('--store-keyfile <file>', 'its key');

/** Undefined where no endpoints are named. */
export function externalStore(context: Context, flags: StoreFlags): ExternalStore | undefined {
  const { env, cwd } = context;
  const endpoints = setting('--store-endpoints', flags.storeEndpoints, env);
  const file = (flag: string, given: string | undefined): string | undefined => {
    const path = setting(flag, given, env);
    return path === undefined ? undefined : resolve(cwd, path);
  };
  const store = {
    endpoints: (endpoints ?? '').split(',').map((text) => text.trim()),
    caFile: file('--store-cafile', flags.storeCafile),
    certFile: file('--store-certfile', flags.storeCertfile),
    keyFile: file('--store-keyfile', flags.storeKeyfile),
  };
  const named = store.caFile ?? store.certFile ?? store.keyFile;
  if (endpoints === undefined) {
    if (named === undefined) return undefined;
    throw new CommandError(`${named} is for a store elsewhere, and no --store-endpoints are named`);
  }
  check(store);
  return store;
}

function check({ endpoints, caFile, certFile, keyFile }: ExternalStore): void {
  for (const endpoint of endpoints) {
    if (!/^https?:\/\/[^\s:/]+:\d+$/.test(endpoint)) {
      throw new CommandError(
        `invalid --store-endpoints "${endpoint}": must be http://host:port or https://host:port`,
      );
    }
  }
  const secure = endpoints.filter((endpoint) => endpoint.startsWith('https://')).length;
  if (secure !== 0 && secure !== endpoints.length) {
    throw new CommandError('--store-endpoints must be all http or all https');
  }
  if (secure > 0 && caFile === undefined) {
    throw new CommandError('--store-cafile is needed: whose certificates the endpoints show');
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new CommandError('--store-certfile and --store-keyfile go together');
  }
  for (const file of [caFile, certFile, keyFile]) if (file !== undefined) readPem(file);
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    const why = messageOf(thrown);
    throw new CommandError(`cannot read ${file}: ${why}`);
  }
}

/** Its client, in the place of a member of our own. */
export async function connectStore(
  { endpoints, caFile, certFile, keyFile }: ExternalStore,
  clock: Clock,
): Promise<Service & { readonly kv: KvClient }> {
  const { createGrpcKvClient } = await import('#shared/client');
  const tls = caFile !== undefined && {
    ca: readPem(caFile),
    ...(certFile !== undefined && { cert: readPem(certFile) }),
    ...(keyFile !== undefined && { key: readPem(keyFile) }),
  };
  const kv = createGrpcKvClient({ endpoints, clock, ...(tls && { tls }) });
  return {
    kv,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(kv.close()),
  };
}
