import { Option, type Command } from 'commander';

/** Flags shared by verbs, so that each has one spelling and one explanation. */
export interface ConnectionOptions {
  readonly dataDir?: string;
  readonly server?: string;
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
}

export interface NamespaceOptions extends ConnectionOptions {
  readonly namespace?: string;
}

export interface SelectorOptions extends NamespaceOptions {
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly allNamespaces?: boolean;
}

export interface FileOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
}

/** Global flags that take a value: they may stand before the verb too. */
export const globalValueFlags: readonly string[] = [
  '-n',
  '--namespace',
  '-s',
  '--server',
  '--data-dir',
  '--certificate-authority',
  '--client-certificate',
  '--client-key',
  '--token',
];

export function addDataDir(command: Command): Command {
  return command.option(
    '--data-dir <dir>',
    "the cluster's directory (default: $QUORATE_DATA_DIR, else ~/.local/state/quorate)",
  );
}

export function addConnection(command: Command): Command {
  return addDataDir(command)
    .option(
      '-s, --server <host:port,...>',
      "API servers to use (default: $QUORATE_SERVER, else the local cluster's)",
    )
    .option('--certificate-authority <file>', "of the servers (default: the local cluster's)")
    .option('--client-certificate <file>', "who asks (default: the local cluster's administrator)")
    .option('--client-key <file>', 'the key of that certificate')
    .option('--token <token>', 'a bearer token instead of a certificate');
}

export function addNamespace(command: Command): Command {
  return addConnection(command).option(
    '-n, --namespace <namespace>',
    'the namespace (default: $QUORATE_NAMESPACE, else default)',
  );
}

export function addSelectors(command: Command): Command {
  return addNamespace(command)
    .option('-A, --all-namespaces', 'objects of every namespace')
    .option('-l, --selector <selector>', "label selector, such as 'app=hello,tier!=db'")
    .option('--field-selector <selector>', "field selector, such as 'status.phase=Running'");
}

export function addFiles(command: Command): Command {
  return command
    .option('-f, --filename <file>', 'a file, a folder, or - for standard input', collect)
    .option('-R, --recursive', 'with a folder: those inside it too');
}

export function addOutput(command: Command): Command {
  return command.option(
    '-o, --output <format>',
    'json, yaml, name, wide, jsonpath=TEMPLATE, custom-columns=HEAD:PATH,...',
  );
}

/** `--dry-run` alone means client, as it did in kubectl. */
export function addDryRun(command: Command): Command {
  return command.addOption(
    new Option('--dry-run <strategy>', 'what would happen, without doing it').choices([
      'none',
      'server',
      'client',
    ]),
  );
}

/** Collects the values of a flag that may be given several times, or with commas. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, ...value.split(',').filter((part) => part !== '')];
}
