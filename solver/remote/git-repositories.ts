import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Store } from "../../cache/store.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { SingleFlight } from "../../core/tasks/single-flight.js";
import { waitsOf } from "../../net/limits.js";
import type { Reporter } from "../layers/ports.js";
import type { TsbuildError } from "../../core/errors.js";
import { type RepositoryRole, GIT_LIMITS, GitCommand, type GitLimits } from "./git-command.js";
import { commitMismatch, emptyRepository, gitFailed, refNotFound } from "./git-errors.js";
import { Redaction } from "./git-redaction.js";
import type { GitSource } from "../../llb/sources/git.js";
import { isOverSsh, type SshAccess } from "./git-ssh.js";
import { proposedHost, type SecretById, secretHosts, takesGeneralSecret } from "./secret-names.js";

/** Commit that a source's ref names now. */
export interface GitCommit {
  /** Id of the commit. */
  readonly id: string;
  /**
   * Ref under which it was found (`refs/heads/main`); undefined when the source names the commit
   * itself.
   */
  readonly name: string | undefined;
  /** Id of the annotated tag. */
  readonly tag: string | undefined;
}

/** Returns a callback that shows the wait for the server of a repository. */
export function silenceOf({ remote }: Pick<GitSource, "remote">, reporter: Reporter, whose = ""): () => () => void {
  const host = URL.canParse(remote) ? new URL(remote).host : remote.replace(/:.*/s, "").replace(/^.*@/s, "");
  return () => waitsOf(reporter)(`waiting for ${whose}${host}`);
}

/** Access to one repository. */
export interface GitRemote {
  readonly git: GitCommand;
  /** Makes the error of a command that failed; `said` is its output. */
  failed(what: string, said: string, asks?: RepositoryRole): Promise<TsbuildError>;
}

/**
 * Git repositories by URL, read with the system's git. Each ref is asked for once per build, so
 * that all its uses agree.
 */
export class GitRepositories {
  readonly #store: Store;
  readonly #secrets: SecretById;
  readonly #sshAgent: (id: string) => Promise<string | undefined>;
  readonly #flights = new SingleFlight();
  readonly #commits = new Map<string, GitCommit>();
  readonly #remotes = new Map<string, GitRemote>();
  readonly #onWarning: (warning: Diagnostic) => void;
  readonly #limits: GitLimits;
  readonly #callerIsHere: boolean;
  readonly #warned = new Set<string>();

  constructor(options: {
    readonly store: Store;
    readonly secrets: SecretById;
    /** Returns the socket of an SSH agent by its id; undefined for one that the build lacks. */
    readonly sshAgent: (id: string) => Promise<string | undefined>;
    readonly onWarning?: (warning: Diagnostic) => void;
    readonly limits?: GitLimits;
    /** False for a caller on another machine, who gets none of this user's keys. Default true. */
    readonly callerIsHere?: boolean;
  }) {
    this.#store = options.store;
    this.#onWarning = options.onWarning ?? (() => undefined);
    this.#limits = options.limits ?? GIT_LIMITS;
    this.#secrets = options.secrets;
    this.#sshAgent = options.sshAgent;
    this.#callerIsHere = options.callerIsHere ?? true;
  }

  /**
   * Returns the commit that a source means now. Throws when there is none, or when its checksum
   * names another.
   */
  async commit(source: GitSource, reporter: Reporter): Promise<GitCommit> {
    const key = JSON.stringify([remoteKey(source), source.ref]);
    const commit = await this.#flights.do(key, async () => {
      const known = this.#commits.get(key);
      if (known) return known;
      const isKnown = isCommitId(source.ref);
      // Commits that other builds read with keys stay in the store: without keys, the server has to
      // confirm access.
      if (isKnown && isOverSsh(source.remote) && (await this.#access(source, "source")).kind === "none")
        await this.#list(source, ["HEAD"], reporter);
      const found = isKnown ? { id: source.ref, name: undefined, tag: undefined } : await this.#ask(source, reporter);
      this.#commits.set(key, found);
      return found;
    });
    const { checksum } = source;
    if (checksum !== "" && !commit.id.startsWith(checksum) && !commit.tag?.startsWith(checksum))
      throw commitMismatch(source.remote, checksum, commit.id);
    return commit;
  }

  /** Returns git with the credentials for a repository. */
  async remote(source: GitSource): Promise<GitRemote> {
    const key = remoteKey(source);
    const known = this.#remotes.get(key);
    if (known) return known;
    const header = await this.#authorization(source);
    const git = new GitCommand({
      home: join(this.#store.temporaryDirectory(), "home"),
      headers: header === undefined ? [] : [{ scope: scopeOf(source.remote), header: `Authorization: ${header}` }],
      ssh: (asks) => this.#access(source, asks),
      limits: this.#limits,
    });
    const redact = new Redaction(header === undefined ? [] : [header, ...header.split(" "), source.userinfo?.password ?? ""]);
    const remote: GitRemote = {
      git,
      failed: async (what, said, asks = "source") => gitFailed(what, redact.text(said), source, await this.#access(source, asks)),
    };
    this.#remotes.set(key, remote);
    return remote;
  }

  /** Returns the directory of a repository's cache, and the name of its lock. */
  cache(source: GitSource, format: "sha1" | "sha256"): { readonly directory: string; readonly lock: string } {
    const name = `git-${createHash("sha256").update(`${format} ${source.remote}`).digest("hex")}`;
    return { directory: this.#store.cacheMountPath(name), lock: name };
  }

  /**
   * Returns the keys for SSH. Only an address that the caller wrote gets the caller's keys. The
   * repository chooses the addresses of submodules, which need consent like those of a Dockerfile.
   */
  async #access({ remote, fromCaller, agent }: GitSource, asks: RepositoryRole): Promise<SshAccess> {
    const isSource = asks === "source";
    if (isSource && !isOverSsh(remote)) return { kind: "none" };
    const socket = await this.#sshAgent(agent);
    if (isSource && fromCaller && this.#callerIsHere) return { kind: "caller", socket };
    return socket === undefined ? { kind: "none" } : { kind: "agent", socket };
  }

  /** Returns the server's list for patterns. */
  async #list(source: GitSource, patterns: readonly string[], reporter: Reporter): Promise<string> {
    const { git, failed } = await this.remote(source);
    const { remote } = source;
    const { code, stdout, stderr } = await git.run(["ls-remote", "--symref", "--", remote, ...patterns], {
      signal: reporter.signal,
      limit: this.#limits.list,
      remote: "list",
      onSilence: silenceOf(source, reporter),
    });
    if (code !== 0) throw await failed(`read ${remote}`, stderr);
    return stdout;
  }

  async #ask(source: GitSource, reporter: Reporter): Promise<GitCommit> {
    const { remote, ref } = source;
    const stdout = await this.#list(source, ref === "" ? ["HEAD"] : [ref, `${ref}^{}`], reporter);
    const ids = new Map<string, string>();
    let head: string | undefined;
    for (const line of stdout.split("\n")) {
      const [value = "", name = ""] = line.split("\t");
      if (value.startsWith("ref: ")) head = value.slice("ref: ".length);
      else if (isCommitId(value)) ids.set(name, value);
    }
    if (ref === "") {
      const id = ids.get("HEAD");
      if (id === undefined) throw emptyRepository(remote);
      return { id, name: head ?? "HEAD", tag: undefined };
    }
    // A branch goes before a tag of the same name, as for git checkout.
    const name = [`refs/${ref.replace(/^refs\//, "")}`, `refs/heads/${ref}`, `refs/tags/${ref}`, ref].find((candidate) =>
      ids.has(candidate),
    );
    const id = name === undefined ? undefined : ids.get(name);
    if (name === undefined || id === undefined) throw refNotFound(remote, ref);
    const peeled = ids.get(`${name}^{}`);
    return peeled === undefined ? { id, name, tag: undefined } : { id: peeled, name, tag: id };
  }

  /**
   * Returns the authorization of the secrets for the host, then of those for all hosts, then user
   * and password of the URL.
   */
  async #authorization({ userinfo, headerSecret, tokenSecret, remote, fromCaller }: GitSource): Promise<string | undefined> {
    if (!/^https?:/.test(remote)) return undefined;
    const url = new URL(remote);
    const hosts = secretHosts(url);
    for (const suffix of [...hosts.map((host) => `.${host}`), ...(takesGeneralSecret(url) ? [""] : [])]) {
      const header = await this.#secrets(headerSecret + suffix);
      const token = header ? undefined : await this.#secrets(tokenSecret + suffix);
      if (!header && !token) continue;
      if (suffix === "" && !fromCaller) this.#warn(header ? headerSecret : tokenSecret, url);
      if (header) return Buffer.from(header).toString("latin1").trim();
      return basic(
        "x-access-token",
        Buffer.from(token ?? [])
          .toString("utf8")
          .trim(),
      );
    }
    return userinfo && basic(userinfo.user, userinfo.password);
  }

  /** Warns once for each host that it gets the secret for all hosts. */
  #warn(secret: string, url: URL): void {
    if (this.#warned.has(url.host)) return;
    this.#warned.add(url.host);
    this.#onWarning({
      severity: "warning",
      code: "source/general-token",
      message: `The secret ${secret} is sent to ${url.host}, which the Dockerfile names`,
      hint: `A Dockerfile can name any host: --secret id=${secret}.${proposedHost(url)} keeps it to this one`,
    });
  }
}

/**
 * Returns the key of a remote. Addresses of the caller and of the Dockerfile are read separately,
 * with keys of their own.
 */
function remoteKey({ remote, fromCaller, agent }: GitSource): string {
  return JSON.stringify([remote, fromCaller, agent]);
}

function basic(user: string, password: string): string {
  return `basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/**
 * Returns the scope of a header: its repository; on GitHub submodules as well, as in the checkout
 * action.
 */
function scopeOf(remote: string): string {
  return /^https:\/\/(www\.)?github\.com\//.exec(remote)?.[0] ?? remote;
}

/** Returns true for a full commit id: SHA-1, or SHA-256. */
function isCommitId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
