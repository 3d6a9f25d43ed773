import { agentUnreachable, badSshKey } from "./errors.js";
import { accessSync, constants, statSync } from "node:fs";
import { systemReason } from "../../core/system/system-reason.js";
import type { SshSource } from "../options/options.js";
import type { PrivateSshAgent } from "./private-ssh-agent.js";

/**
 * The SSH agents of a build. Every agent is checked at once, like secrets. The build starts an
 * agent of its own for keys when a step first asks for it; the agent ends with the build, and with
 * this process, however that ends.
 */
export class SshAgents implements AsyncDisposable {
  readonly #sources: ReadonlyMap<string, SshSource>;
  readonly #directory: () => string;
  readonly #own = new Map<string, Promise<PrivateSshAgent>>();

  /**
   * `directory` makes a directory for the build's own agents. Throws `ssh/unreachable`,
   * `ssh/key-unreadable`.
   */
  constructor(sources: Readonly<Record<string, SshSource>>, directory: () => string) {
    this.#sources = new Map(Object.entries(sources));
    this.#directory = directory;
    for (const [id, source] of this.#sources) check(id, source);
  }

  /**
   * Returns the socket of an agent; undefined for an id that the build lacks. Throws
   * `ssh/agent-failed`.
   */
  async socket(id: string): Promise<string | undefined> {
    const source = this.#sources.get(id);
    if (source === undefined || "socket" in source) return source?.socket;
    let own = this.#own.get(id);
    if (!own) this.#own.set(id, (own = startAgent(id, source.keys, this.#directory())));
    return (await own).socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const own of this.#own.values()) {
      const agent = await own.catch(() => undefined);
      await agent?.[Symbol.asyncDispose]();
    }
  }
}

function check(id: string, source: SshSource): void {
  if ("keys" in source) {
    for (const key of source.keys) {
      try {
        accessSync(key, constants.R_OK);
      } catch (cause) {
        throw badSshKey(key, id, cause);
      }
    }
    return;
  }
  const fail = (why: string, cause?: unknown) => agentUnreachable(source, id, why, cause);
  let isSocket: boolean;
  try {
    isSocket = statSync(source.socket).isSocket();
  } catch (cause) {
    throw fail(systemReason(cause), cause);
  }
  if (!isSocket) throw fail("it is not a socket");
}

async function startAgent(id: string, keys: readonly string[], parent: string): Promise<PrivateSshAgent> {
  const { startPrivateSshAgent } = await import("./private-ssh-agent.js");
  return startPrivateSshAgent(id, keys, parent);
}
