import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { started } from "../../core/system/descriptors.js";
import { CanceledError, systemErrorCode, throwIfAborted } from "../../core/errors.js";
import { gitMissing } from "./git-errors.js";
import { StallWatch, type StallLimits } from "./git-watch.js";
import { prepareSsh, type SshAccess, sshEnvironment } from "./git-ssh.js";

/**
 * Configuration by which nothing in a repository, and nothing in the user's configuration, makes
 * git run a program or ask a question.
 */
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

/** Limits of git's waits for servers. */
export interface GitLimits {
  /**
   * Seconds without a byte after which git ends a transfer over HTTP, and about when ssh gives a
   * dead connection up.
   */
  readonly silence: number;
  /** Milliseconds for the list of a server's refs, which is short. */
  readonly list: number;
  /** Limits for every protocol; those of HTTP come first, because curl knows more of the reason. */
  readonly stall: StallLimits;
}

export const GIT_LIMITS: GitLimits = { silence: 60, list: 120_000, stall: { silence: 90_000, window: 600_000 } };

/** Bytes of an answer that are kept; the list of a large repository has some megabytes. */
const LONGEST_ANSWER = 64 << 20;
/** Bytes of messages that are kept, the last ones: a server may send them without end. */
const LONGEST_MESSAGES = 64 << 10;

const PASSED_ON = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"];

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface GitCommandOptions {
  readonly signal: AbortSignal;
  /** Limit in milliseconds. Default: none. */
  readonly limit?: number;
  /**
   * Type of what the command asks a server for. With it, a transfer that stalls fails (see {@link
   * GitLimits.stall}). Default: it asks no server.
   */
  readonly remote?: "list" | "objects";
  /** Hears that the server is silent; the function that it returns hears the end of it. */
  readonly onSilence?: () => () => void;
  /** Working directory; default: the command's home. */
  readonly cwd?: string;
  /** Origin of the addresses that are asked: the source, or its content. Default: the source. */
  readonly asks?: RepositoryRole;
  readonly env?: Readonly<Record<string, string>>;
}

export type RepositoryRole = "source" | "submodule";

interface GitCommandParts {
  /** Directory that does not exist yet. */
  readonly home: string;
  readonly headers: readonly { readonly scope: string; readonly header: string }[];
  /** Returns the keys that may be used over SSH. */
  readonly ssh: (asks: RepositoryRole) => Promise<SshAccess>;
  readonly limits?: GitLimits;
}

/**
 * The system's git with a home of its own: no configuration of the user or the machine, no hooks,
 * no prompts, no credential helpers, network protocols only. Authorization headers are in a file in
 * that home, so that they appear in no argument list.
 */
export class GitCommand {
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #ssh: (asks: RepositoryRole) => Promise<SshAccess>;
  readonly #stall: StallLimits;

  constructor({ home, headers, ssh, limits: { silence, stall } = GIT_LIMITS }: GitCommandParts) {
    this.#home = resolve(home);
    this.#stall = stall;
    this.#ssh = ssh;
    const sections = headers.map(({ scope, header }) => `[http ${quote(scope)}]\n\textraHeader = ${quote(header)}\n`);
    mkdirSync(home, 0o700);
    // A server that packs sends a few bytes now and then as a sign of life.
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
   * Runs `git ARGS` and resolves with its exit. Abort ends it with every helper it started, and
   * rejects with CanceledError. The limit ends it too, as a failure of git's own. Throws
   * `source/git-missing`.
   */
  async run(args: readonly string[], options: GitCommandOptions): Promise<GitResult> {
    const { signal, cwd = this.#home, asks = "source", limit, remote, onSilence } = options;
    const access = await this.#ssh(asks);
    throwIfAborted(signal);
    const env = { ...this.#env, ...sshEnvironment(this.#home, access), ...options.env };
    return await new Promise((resolve, reject) => {
      // A group of its own: git starts helpers, which have to end with it.
      const child = started(spawn("git", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true }));
      const stdout = new Kept(LONGEST_ANSWER);
      const stderr = new Kept(LONGEST_MESSAGES);
      const stop = (): void => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        } catch (error) {
          if (systemErrorCode(error) !== "ESRCH") throw error;
        }
      };
      signal.addEventListener("abort", stop, { once: true });
      let late = "";
      const expire = (how: string): void => {
        late ||= `fatal: ${how}`;
        stop();
      };
      const timer = limit === undefined ? undefined : setTimeout(() => expire(`the server did not answer within ${limit / 1000} s`), limit);
      const stall = remote === "list" ? { ...this.#stall, most: 4 * LONGEST_ANSWER } : this.#stall;
      const unwatch = remote && child.pid !== undefined ? new StallWatch(stall).start(child.pid, expire, onSilence) : () => undefined;
      child.stdout.on("data", (chunk: Buffer) => {
        stdout.add(chunk);
        if (stdout.cut) expire(`the server's answer is longer than ${LONGEST_ANSWER} bytes`);
      });
      child.stderr.on("data", (chunk: Buffer) => stderr.add(chunk));
      child.once("error", (error) => {
        clearTimeout(timer);
        unwatch();
        signal.removeEventListener("abort", stop);
        reject(systemErrorCode(error) === "ENOENT" ? gitMissing(error) : error);
      });
      child.once("close", (code) => {
        clearTimeout(timer);
        unwatch();
        signal.removeEventListener("abort", stop);
        if (signal.aborted) return reject(new CanceledError(undefined, { cause: signal.reason }));
        resolve({
          code: code ?? 128,
          stdout: stdout.text(),
          stderr: late || stderr.text(),
        });
      });
    });
  }
}

/** The last bytes of a stream. */
class Kept {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Set when some are gone. */
  cut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > this.#limit) this.cut = true;
    if (this.#size < 2 * this.#limit) return;
    this.#chunks = [Buffer.concat(this.#chunks).subarray(-this.#limit)];
    this.#size = this.#limit;
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(-this.#limit).toString("utf8");
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

/** Returns a value in git's configuration syntax. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", " ")}"`;
}
