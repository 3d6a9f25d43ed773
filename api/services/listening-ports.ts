/** State of a listening socket in /proc/net/tcp. */
const LISTENING = "0A";

/** Returns true when a table of /proc/net has a socket that listens on one of the ports. */
export function listens(table: string, ports: readonly number[]): boolean {
  return table
    .split("\n")
    .slice(1)
    .some((line) => {
      const [, local = "", , state] = line.trim().split(/\s+/);
      return state === LISTENING && ports.includes(Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16));
    });
}
