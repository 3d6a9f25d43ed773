import { type MountType, ownerOf, type RunMount } from "./mount-type.js";

const MODE = 0o600;

function agentId(mount: RunMount): string {
  return mount.source || mount.id || "default";
}

/** The socket of an SSH agent. */
export const ssh: MountType = {
  type: "ssh",
  keys: ["required", "mode", "uid", "gid"],
  ownPath: true,
  asks: (mount) => ({ kind: "ssh", name: agentId(mount) }),
  lower: (mount, { dest, before }) => ({
    type: "ssh",
    dest: mount.target ? dest : `/run/buildkit/ssh_agent.${before}`,
    readonly: true,
    id: agentId(mount),
    ...ownerOf(mount),
    mode: mount.mode ?? MODE,
    optional: !mount.required,
  }),
};
