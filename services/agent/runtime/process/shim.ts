/**
 * What runs as the container's command. It first becomes the one start of this container: `ln`
 * makes a hard link, or fails where there is one already, so that the claim and the record of who
 * has it are one atomic step. Whoever comes second leaves without having run anything.
 *
 * The record: shim pid, its start time, command pid, its start time, boot id. Pid and start time
 * (field 22 of /proc/<pid>/stat, counted after the name's closing parenthesis) together never name
 * two processes within one boot.
 */
const start = `
dir=$1; shift
started() { read -r line <"/proc/$1/stat"; set -- \${line##*) }; echo "\${20}"; }
read -r boot </proc/sys/kernel/random/boot_id
echo "$PPID $(started "$PPID") $$ $(started $$) $boot" >"$dir/claim.$$"
ln "$dir/claim.$$" "$dir/pid" 2>/dev/null; won=$?
rm -f "$dir/claim.$$"
[ $won = 0 ] || exit 125
(echo started >&4) 2>/dev/null
exec 4>&-
exec "$@"
`;

/**
 * The parent of the command, and the leader of the container's process group. It outlives the
 * agent and writes down how the command ended. Its traps keep signals to the group from ending it
 * first; a trap, unlike an ignored signal, is not inherited by the command. In the end it takes
 * what is left of the group with it, as the end of a container's first process does in a PID
 * namespace. Where the container has an input, somebody holds the FIFO (descriptor 5) open for it, or
 * it would end with the first client that leaves. Its own messages ("Terminated") do not belong in the command's log.
 */
const supervise = `
dir=$1; start=$2; shift 2
trap : TERM INT HUP QUIT USR1 USR2
if [ -p "$dir/stdin" ]; then
  sleep 2147483647 <&5 >/dev/null 2>&1 4>&- 5>&- &
  echo $! >"$dir/stdin.holder"
  exec 5>&-
fi
exec 3>&2 2>/dev/null
(exec sh -c "$start" sh "$dir" "$@" 2>&3 3>&-)
code=$?
read -r shim rest <"$dir/pid" && [ "$shim" = $$ ] || exit 0
echo "$code" >"$dir/exit.tmp" && mv "$dir/exit.tmp" "$dir/exit"
kill -KILL 0
`;

/** The arguments of /bin/sh that run `command` as the container recorded in `dir`. */
export function shimArguments(dir: string, command: readonly string[]): string[] {
  return ['-c', supervise, 'quorate-shim', dir, start, ...command];
}
