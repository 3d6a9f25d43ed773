import { agentNotStarted } from "./errors.js";
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { started } from "../../core/system/descriptors.js";
import type { TsbuildError } from "../../core/errors.js";
import { systemErrorCode } from "../../core/errors.js";
import { SocketDirectory } from "../../core/system/socket-directory.js";

/** An agent that ends when it is disposed of. */
export interface PrivateSshAgent extends AsyncDisposable {
  readonly socket: string;
}

/**
 * Starts OpenSSH's agent with these keys and nothing else. The agent watches a program that ends
 * with its standard input, which this process holds. So the agent ends even when this process is
 * killed.
 */
export async function startPrivateSshAgent(id: string, keys: readonly string[], parent: string): Promise<PrivateSshAgent> {
  const home = new SocketDirectory(parent);
  const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" };
  const child = started(spawn("ssh-agent", ["-a", "agent", "sh", "-c", 'echo "$SSH_AGENT_PID"; exec cat'], { cwd: home.path, env }));
  const gone = new Promise<void>((done) => {
    child.once("close", () => done());
    child.once("error", () => done());
  });
  let pid: number | undefined;
  const end = async (): Promise<void> => {
    if (pid !== undefined) endProcess(pid);
    child.stdin.destroy();
    await gone;
    home[Symbol.dispose]();
  };
  try {
    pid = await agentPid(child, id);
    await addKeys(id, keys, { cwd: home.path, env: { ...env, SSH_AUTH_SOCK: "agent" } });
    return { socket: home.socket("agent"), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * Adds keys without a terminal, at which OpenSSH would ask for passphrases in the middle of
 * progress.
 */
function addKeys(id: string, keys: readonly string[], options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Promise<void> {
  return new Promise((done, fail) => {
    const paths = keys.map((key) => resolve(key));
    const child = started(spawn("ssh-add", ["-q", ...paths], { ...options, stdio: ["ignore", "ignore", "pipe"], detached: true }));
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.once("error", (cause) => fail(failed(id, `ssh-add cannot be started: ${cause.message}`)));
    child.once("close", (status) => {
      const hint = "Keys with a passphrase: add them to an agent of yours, and give its socket";
      if (status === 0) done();
      else fail(failed(id, `ssh-add said: ${said.trim()}`, hint));
    });
  });
}

/** Ends an agent, unless it has ended already. */
function endProcess(pid: number): void {
  try {
    process.kill(pid);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}

function agentPid(child: ChildProcess, id: string): Promise<number> {
  return new Promise((done, fail) => {
    let said = "";
    child.once("error", (cause) => {
      const missing = systemErrorCode(cause) === "ENOENT";
      fail(failed(id, missing ? "ssh-agent is not in PATH" : cause.message, missing ? "Install it (package openssh-client)" : undefined));
    });
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stdout?.once("data", (chunk: Buffer) => done(Number(chunk.toString())));
    child.once("close", () => fail(failed(id, said.trim() || "it ended at once")));
  });
}

function failed(id: string, why: string, hint?: string): TsbuildError {
  return agentNotStarted(id, why, hint);
}
