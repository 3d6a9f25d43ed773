import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { inHome } from "../../core/system/home.js";

/**
 * Keys that git may use over SSH. `none`: no keys at all, for addresses that a Dockerfile or a
 * repository names. `agent`: those of an agent of the caller (`--ssh default`). `caller`, for an
 * address that the caller wrote: any key that ssh finds for this user. `socket` is an agent to use
 * instead of that of SSH_AUTH_SOCK.
 */
export type SshAccess =
  | { readonly kind: "none" }
  | { readonly kind: "agent"; readonly socket: string }
  | { readonly kind: "caller"; readonly socket: string | undefined };

/** Returns true when git speaks SSH to an address. */
export function isOverSsh(remote: string): boolean {
  return !/^(https?|git):/i.test(remote);
}

/** Names of files in git's home. */
const NEW_HOSTS = "known_hosts";
const HOSTS_OF_USER = "known_hosts_of_user";

/**
 * Prepares a home for {@link sshEnvironment}. Note that the user's own list of hosts is a link
 * there, because ssh splits, expands and unquotes the paths that its options hold, and not every
 * path can be written so. A relative name needs no quotes.
 */
export function prepareSsh(home: string): void {
  const known = inHome(process.env, ".ssh", "known_hosts");
  if (known !== undefined) symlinkSync(known, join(home, HOSTS_OF_USER));
}

/**
 * Returns the variables that make git start ssh with just these keys. Accepts and forgets keys of
 * new hosts; refuses a changed key of a known one.
 */
export function sshEnvironment(home: string, access: SshAccess): Readonly<Record<string, string>> {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=accept-new",
    "ConnectTimeout=30",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
    `UserKnownHostsFile=${NEW_HOSTS} ${HOSTS_OF_USER}`,
    ...KEY_OPTIONS[access.kind],
  ];
  const agent =
    access.kind === "none" ? undefined : access.kind === "agent" ? access.socket : (access.socket ?? process.env["SSH_AUTH_SOCK"]);
  const command = ["ssh", "-F", "/dev/null", ...options.flatMap((option) => ["-o", option])];
  return {
    // A shell reads it, and appends git's arguments.
    GIT_SSH_COMMAND: `cd ${quoted(home)} && exec ${command.map(quoted).join(" ")}`,
    GIT_SSH_VARIANT: "ssh",
    ...(agent ? { SSH_AUTH_SOCK: agent } : {}),
  };
}

const KEY_OPTIONS: Readonly<Record<SshAccess["kind"], readonly string[]>> = {
  none: ["IdentityFile=none", "IdentitiesOnly=yes", "IdentityAgent=none"],
  agent: ["IdentityFile=none"],
  caller: [],
};

/** Returns a word of a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
