import { badSsh } from "./errors.js";
import type { SshSource } from "../options/options.js";
import { statSync } from "node:fs";
import { hostPath, type Surroundings } from "./surroundings.js";

/**
 * Reads `--ssh` as docker does: `ID` is the agent of SSH_AUTH_SOCK, `ID=SOCKET` another one,
 * `ID=KEY[,KEY]` one with these keys alone. The kind of a path's file decides.
 */
export function parseSsh(texts: readonly string[], surroundings: Surroundings): Record<string, SshSource> {
  return Object.fromEntries(texts.map((text) => parseAgent(text, surroundings)));
}

function parseAgent(text: string, surroundings: Surroundings): [id: string, source: SshSource] {
  const fail = (why: string, hint?: string): never => {
    throw badSsh(text, why, hint);
  };
  const equals = text.indexOf("=");
  const id = equals === -1 ? text : text.slice(0, equals);
  if (id === "") return fail("it has no id, for example default or github=~/.ssh/id_ed25519");
  const paths =
    equals === -1
      ? []
      : text
          .slice(equals + 1)
          .split(",")
          .filter((path) => path !== "");
  if (paths.length === 0) {
    const socket = surroundings.env["SSH_AUTH_SOCK"];
    if (!socket) return fail("SSH_AUTH_SOCK is not set", `Start an agent (eval $(ssh-agent); ssh-add), or name a key: --ssh ${id}=FILE`);
    return [id, { socket }];
  }
  const files = paths.map((path) => hostPath(surroundings, path));
  const sockets = files.filter((path) => statSync(path, { throwIfNoEntry: false })?.isSocket());
  if (sockets.length === 0) return [id, { keys: files }];
  if (files.length > 1) return fail("an agent's socket stands alone; only keys may be several");
  return [id, { socket: files[0] as string }];
}
