import { chmodSync } from "node:fs";
import type { NodeMeta } from "../../core/file-node.js";
import type { Worker } from "../../executor-native/contract.js";
import { type ExecOp, HOST_GATEWAY } from "../../llb/ops.js";

/**
 * Default host name inside RUN. The name is BuildKit's, because Dockerfiles in the wild rely on it.
 */
export const STEP_HOSTNAME = "buildkitsandbox";

/**
 * Sets owner, mode and attributes of a step's root directory as the image has them, whatever the
 * umask is. In an overlay, the upper directory is the root directory.
 */
export async function prepareRoot(upper: string, root: NodeMeta | undefined, worker: Worker): Promise<void> {
  const isClosed = root !== undefined && (root.mode & 0o700) !== 0o700;
  if (root && (root.uid !== 0 || root.gid !== 0 || root.xattrs || isClosed)) await worker.task("prepareRoot", { path: upper, meta: root });
  else chmodSync(upper, root?.mode ?? 0o755);
}

/**
 * Returns the hosts file of the sandbox: loopback, its own name and the hosts of `--add-host`.
 * `gateway` is the address of this machine.
 */
export function hostsFile(op: Pick<ExecOp, "hostname" | "extraHosts">, gateway: string): string {
  const lines = [
    `127.0.0.1\tlocalhost ${op.hostname ?? STEP_HOSTNAME}`,
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "ff00::0\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
    ...(op.extraHosts ?? []).map(({ host, ip }) => `${ip === HOST_GATEWAY ? gateway : ip}\t${host}`),
  ];
  return `${lines.join("\n")}\n`;
}
