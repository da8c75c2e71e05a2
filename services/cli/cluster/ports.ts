import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

/** Who listens on a port, as far as this user may see. */
export interface PortOwner {
  readonly pid: number;
  readonly command: string;
}

/** True where somebody else has `host:port`. */
export function isTaken(address: string): Promise<boolean> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

/** Inodes of the sockets that listen on a port, from the text of /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = '0A';
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) === true && fields[3] === listening)
    .map((fields) => fields[9] ?? '');
}

/** Looks through /proc for the process that holds the port; undefined where that is not visible. */
export function findPortOwner(port: number): PortOwner | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    listeningInodes(readText(file), port),
  );
  const targets = new Set(inodes.map((inode) => `socket:[${inode}]`));
  if (targets.size === 0) return undefined;
  for (const pid of listNames('/proc').filter((name) => /^\d+$/.test(name))) {
    if (openFiles(pid).some((target) => targets.has(target))) {
      const command = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      return { pid: Number(pid), command: command || readText(`/proc/${pid}/comm`).trim() };
    }
  }
  return undefined;
}

function openFiles(pid: string): string[] {
  return listNames(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      // Closed in between.
      return '';
    }
  });
}

function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // Another user's process, or one that has just gone.
    return [];
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
