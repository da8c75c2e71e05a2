/** What /etc/os-release calls the system: its PRETTY_NAME, as kubelet reports it; undefined where it says none. */
export function prettyName(osRelease: string): string | undefined {
  const [, value = ''] = /^PRETTY_NAME=(.*)$/m.exec(osRelease) ?? [];
  return value.trim().replace(/^(["'])(.*)\1$/, '$2') || undefined;
}
