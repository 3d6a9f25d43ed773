import { helperFailed } from "./errors.js";
import { spawn } from "node:child_process";
import { started } from "../../core/system/descriptors.js";
import type { TsbuildError } from "../../core/errors.js";
import { CanceledError, systemErrorCode, throwIfAborted } from "../../core/errors.js";
import { DEFAULT_LIMITS } from "../../net/limits.js";
import type { Environment } from "../../net/proxy.js";
import type { Credentials, Waiting } from "./credential-types.js";

/**
 * Milliseconds after which a helper is killed: one that waits for an invisible dialog must not hang
 * the build.
 */
const HELPER_TIMEOUT = 30_000;
/** Bytes that a helper may print. */
const MAX_ANSWER = 1 << 20;
/** User name that marks the secret as an identity token. */
const TOKEN_USER = "<token>";

interface CredentialHelperOptions extends Waiting {
  readonly name: string;
  readonly env: Environment;
  /** Longest run of the program, in milliseconds. */
  readonly timeout?: number;
}

/**
 * A program `docker-credential-NAME` that keeps credentials. Its protocol: the action as argument,
 * the server's name or JSON on stdin, JSON on stdout. All methods throw `registry/helper-failed`.
 */
export class CredentialHelper {
  readonly #env: Environment;
  readonly #waiting: Waiting;
  readonly #timeout: number;
  readonly program: string;

  constructor({ name, env, timeout = HELPER_TIMEOUT, ...waiting }: CredentialHelperOptions) {
    this.#env = env;
    this.#waiting = waiting;
    this.#timeout = timeout;
    this.program = `docker-credential-${name}`;
    if (!/^[A-Za-z0-9._-]+$/.test(name)) throw this.#failure("use", `"${name}" is not a helper's name`);
  }

  async get(server: string): Promise<Credentials | undefined> {
    const what = `get credentials for ${server} from`;
    const text = await this.#run("get", `${server}\n`, what);
    if (text === undefined) return undefined;
    try {
      const { Username, Secret } = JSON.parse(text) as { readonly Username?: unknown; readonly Secret?: unknown };
      if (typeof Username !== "string" || typeof Secret !== "string") throw new TypeError("no Username and Secret");
      if (Username === TOKEN_USER) return { kind: "identity-token", token: Secret };
      return Username === "" && Secret === "" ? undefined : { kind: "basic", username: Username, password: Secret };
    } catch (error) {
      throw this.#failure(what, "its answer was not understood", error);
    }
  }

  async store(server: string, credentials: Credentials): Promise<void> {
    const { Username, Secret } =
      credentials.kind === "basic"
        ? { Username: credentials.username, Secret: credentials.password }
        : { Username: TOKEN_USER, Secret: credentials.token };
    await this.#run("store", JSON.stringify({ ServerURL: server, Username, Secret }), `keep the credentials for ${server} in`);
  }

  /** Erases the credentials of a server. Missing credentials are no error. */
  async erase(server: string): Promise<void> {
    await this.#run("erase", `${server}\n`, `remove the credentials for ${server} from`);
  }

  #failure(what: string, why: string, cause?: unknown): TsbuildError {
    return helperFailed(what, why, cause, this.program);
  }

  /** Returns the output of the helper, or undefined when it has no credentials for this server. */
  #run(action: "get" | "store" | "erase", input: string, what: string): Promise<string | undefined> {
    const { signal, onWait } = this.#waiting;
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const child = started(spawn(this.program, [action], { stdio: ["pipe", "pipe", "pipe"], env: this.#env }));
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      // Note that the pipes are closed as well, because a program that the helper started may keep
      // them open for ever.
      const end = (error: unknown): void => {
        child.kill("SIGKILL");
        for (const pipe of child.stdio) pipe?.destroy();
        reject(error);
      };
      const timer = setTimeout(() => end(this.#failure(what, `it did not answer within ${this.#timeout / 1000} s`)), this.#timeout);
      const stop = (): void => end(new CanceledError());
      signal?.addEventListener("abort", stop, { once: true });
      let ended: (() => void) | undefined;
      const notice = setTimeout(() => (ended = onWait?.(`waiting for ${this.program}`)), DEFAULT_LIMITS.notice);
      child.on("close", () => {
        clearTimeout(timer);
        clearTimeout(notice);
        ended?.();
        signal?.removeEventListener("abort", stop);
      });
      const keep = (chunks: Buffer[]) => {
        let size = 0;
        return (chunk: Buffer): void => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MAX_ANSWER) end(this.#failure(what, `it printed more than ${MAX_ANSWER} bytes`));
        };
      };
      child.stdout.on("data", keep(out));
      child.stderr.on("data", keep(err));
      // A PATH with folders that this user may not read answers EACCES for a program that does not
      // exist.
      const absent = (error: Error) => ["ENOENT", "EACCES"].includes(systemErrorCode(error) ?? "");
      child.on("error", (error) =>
        reject(this.#failure(what, absent(error) ? "the program is not in PATH, or may not be run" : error.message, error)),
      );
      // A helper that ends without reading its input is judged by its exit code, not by the broken
      // pipe.
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
      child.on("close", (code, signal) => {
        const text = Buffer.concat(out).toString("utf8").trim();
        if (code === 0) return resolve(text);
        const said = text || Buffer.concat(err).toString("utf8").trim().slice(0, 200);
        // Message of every helper that has no credentials for this server.
        if (/credentials not found|no credentials/i.test(said)) return resolve(undefined);
        reject(this.#failure(what, said || (signal ? `it was ended by ${signal}` : `it ended with status ${code}`)));
      });
    });
  }
}
