import { agentNotProvided } from "./errors.js";
import type { SandboxMount } from "../../../executor-native/contract.js";
import type { Mount } from "../../../llb/ops.js";
import type { Ports } from "../../ports.js";
import type { MountReleases } from "./mount-releases.js";

/**
 * Returns the socket of an SSH agent for a step. Returns undefined for an optional agent that the
 * build lacks; throws `build/ssh-not-found` for a required one.
 */
export async function sshMount(
  mount: Mount & { type: "ssh" | "secret" },
  { secrets, layers, sandboxes }: Ports<"secrets" | "layers" | "sandboxes">,
  held: MountReleases,
): Promise<SandboxMount | undefined> {
  const { id, dest, uid, gid, mode } = mount;
  const upstream = await secrets.agent(id);
  if (upstream === undefined) {
    if (mount.optional) return undefined;
    throw agentNotProvided(id);
  }
  const { openAgentRelay } = await import("../../ssh/agent-relay.js");
  const relay = await openAgentRelay(upstream, layers.store.temporaryDirectory(), mode);
  held.push(() => relay[Symbol.dispose]());
  if (uid !== 0 || gid !== 0) await (await sandboxes.worker()).task("chown", { path: relay.path, uid, gid });
  return { type: "bind", source: relay.path, dest, readonly: true };
}
