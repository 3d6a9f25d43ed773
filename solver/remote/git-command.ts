import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { started } from "../../core/system/descriptors.js";
import { CanceledError, systemErrorCode, throwIfAborted } from "../../core/errors.js";
import { gitMissing } from "./git-errors.js";
import { prepareSsh, type SshAccess, sshEnvironment } from "./git-ssh.js";

/** Nothing in a repository, and nothing in the user's configuration, may make git run a program or ask a question. */
const CONFIG = `[core]
	hooksPath = /dev/null
	fsmonitor = false
	logAllRefUpdates = false
	autocrlf = false
[protocol "file"]
	allow = user
[protocol "ext"]
	allow = never
[init]
	defaultBranch = master
	templateDir =
[gc]
	auto = 0
[maintenance]
	auto = false
[fetch]
	recurseSubmodules = false
[advice]
	detachedHead = false
[credential]
	helper =
`;

/** How long git waits for servers. */
export interface GitLimits {
  /** Seconds without a byte after which git ends a transfer over HTTP, and about when ssh gives a dead connection up. */
  readonly silence: number;
  /** Milliseconds for the list of a server's refs, which is short. */
  readonly list: number;
}

export const GIT_LIMITS: GitLimits = { silence: 60, list: 120_000 };

const PASSED_ON = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"];

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitCommandOptions {
  readonly signal: AbortSignal;
  /** Milliseconds. Default: as long as it takes. */
  readonly limit?: number;
  /** Working directory; default: the command's home. */
  readonly cwd?: string;
  /** Who names the addresses that are asked: the source, or what was found in it. Default: the source. */
  readonly asks?: Asking;
  readonly env?: Readonly<Record<string, string>>;
}

export type Asking = "source" | "submodule";

/**
 * The system's git with a home of its own: no configuration of the user or the machine, no hooks, no prompts, no credential helpers, network protocols only.
 * Authorization headers are in a file in that home, so that they appear in no argument list.
 */
export class GitCommand {
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #ssh: (asks: Asking) => Promise<SshAccess>;

  /** `home` is not there yet; `ssh` gives the keys that may be used over SSH. */
  constructor(
    home: string,
    headers: readonly { readonly scope: string; readonly header: string }[],
    ssh: (asks: Asking) => Promise<SshAccess>,
    { silence }: GitLimits = GIT_LIMITS,
  ) {
    this.#home = resolve(home);
    this.#ssh = ssh;
    const sections = headers.map(({ scope, header }) => `[http ${quote(scope)}]\n\textraHeader = ${quote(header)}\n`);
    mkdirSync(home, 0o700);
    // A server that packs sends a few bytes now and then to say so.
    sections.unshift(`[http]\n\tlowSpeedLimit = 1\n\tlowSpeedTime = ${silence}\n`);
    writeFileSync(join(home, ".gitconfig"), CONFIG + sections.join(""), { mode: 0o600 });
    prepareSsh(home);
    this.#env = {
      PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
      HOME: home,
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_ALLOW_PROTOCOL: "http:https:git:ssh",
      ...passedOn(),
    };
  }

  /**
   * Runs `git ARGS` and answers how it ended. Abort ends it with every helper it started, and rejects with CanceledError; so does the limit, as a failure of
   * git's own. Throws `source/git-missing`.
   */
  async run(args: readonly string[], options: GitCommandOptions): Promise<GitResult> {
    const { signal, cwd = this.#home, asks = "source", limit } = options;
    const access = await this.#ssh(asks);
    throwIfAborted(signal);
    const env = { ...this.#env, ...sshEnvironment(this.#home, access), ...options.env };
    return await new Promise((resolve, reject) => {
      // A group of its own: git starts helpers, which have to end with it.
      const child = started(spawn("git", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true }));
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const stop = (): void => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        } catch (error) {
          if (systemErrorCode(error) !== "ESRCH") throw error;
        }
      };
      signal.addEventListener("abort", stop, { once: true });
      let late = "";
      const expire = (): void => {
        late = `fatal: the server did not answer within ${(limit ?? 0) / 1000} s`;
        stop();
      };
      const timer = limit === undefined ? undefined : setTimeout(expire, limit);
      child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      child.once("error", (error) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        reject(systemErrorCode(error) === "ENOENT" ? gitMissing(error) : error);
      });
      child.once("close", (code) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        if (signal.aborted) return reject(new CanceledError(undefined, { cause: signal.reason }));
        resolve({
          code: code ?? 128,
          stdout: Buffer.concat(stdout).toString("utf8"),
          stderr: late || Buffer.concat(stderr).toString("utf8"),
        });
      });
    });
  }
}

function passedOn(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of PASSED_ON.flatMap((upper) => [upper, upper.toLowerCase()])) {
    const value = process.env[name];
    if (value) env[name] = value;
  }
  if (env["SSL_CERT_FILE"] && !env["GIT_SSL_CAINFO"]) env["GIT_SSL_CAINFO"] = env["SSL_CERT_FILE"];
  return env;
}

/** A value in git's configuration syntax. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", " ")}"`;
}
