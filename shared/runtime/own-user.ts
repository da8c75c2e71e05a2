/** Whom this process runs as. By number: in a container nobody need be listed by that name. */
export const ownUser = (): { readonly uid: number; readonly gid: number } => ({
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
});
