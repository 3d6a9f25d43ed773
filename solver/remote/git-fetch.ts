import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "../../cache/store.js";
import type { Reporter } from "../layers/ports.js";
import type { GitResult } from "./git-command.js";
import { commitMissing } from "./git-errors.js";
import { type GitCommit, type GitRemote, type GitRepositories, silenceOf } from "./git-repositories.js";
import type { GitSource } from "../../llb/sources/git.js";

/** Prefix of the cache's refs for fetched commits. */
const STORED_REFS = "refs/tsbuild";
const INCOMING = `${STORED_REFS}/incoming`;

/** A fetched commit in a bare repository of the store. */
export interface Fetched {
  /** Directory of the bare repository. */
  readonly directory: string;
  readonly format: "sha1" | "sha256";
  /** Its ref for the commit, or for the annotated tag. */
  readonly ref: string;
}

/** The parts of a build that read a commit. */
export interface CommitOptions {
  readonly repositories: GitRepositories;
  readonly store: Store;
  readonly reporter: Reporter;
}

/**
 * Brings one commit into the cache of its repository, without history where the server can do that,
 * and runs `body` under the cache's lock. Fetches nothing that is there already.
 */
export async function withFetched<T>(
  source: GitSource,
  commit: GitCommit,
  options: CommitOptions,
  body: (fetched: Fetched) => Promise<T>,
): Promise<T> {
  const {
    repositories,
    store: { locks },
    reporter,
  } = options;
  const format = commit.id.length === 64 ? "sha256" : "sha1";
  const { directory, lock } = repositories.cache(source, format);
  const held = await locks.acquire(lock, { signal: reporter.signal });
  try {
    const fetcher = new Fetcher({ source, remote: await repositories.remote(source), directory, reporter });
    await fetcher.prepare(format);
    if (!(await fetcher.has(commit))) await fetcher.fetch(commit);
    return await body({ directory, format, ref: storedRef(commit) });
  } finally {
    held.release();
  }
}

function storedRef(commit: GitCommit): string {
  return `${STORED_REFS}/${commit.tag ?? commit.id}`;
}

interface FetcherOptions {
  readonly source: GitSource;
  readonly remote: GitRemote;
  readonly directory: string;
  readonly reporter: Reporter;
}

class Fetcher {
  readonly #source: GitSource;
  readonly #remote: GitRemote;
  readonly #directory: string;
  readonly #reporter: Reporter;

  constructor({ source, remote, directory, reporter }: FetcherOptions) {
    this.#source = source;
    this.#remote = remote;
    this.#directory = directory;
    this.#reporter = reporter;
  }

  /** Makes the bare repository, or clears up after a process that was killed in it. */
  async prepare(format: string): Promise<void> {
    if (!existsSync(this.#directory)) mkdirSync(this.#directory);
    for (const name of readdirSync(this.#directory)) if (name.endsWith(".lock")) rmSync(join(this.#directory, name));
    if (existsSync(join(this.#directory, "HEAD"))) return;
    await this.#check(
      await this.#remote.git.run(["init", "--quiet", "--bare", `--object-format=${format}`, this.#directory], this.#reporter),
    );
  }

  async has(commit: GitCommit): Promise<boolean> {
    return (await this.#git(["rev-parse", "--verify", "--quiet", `${storedRef(commit)}^{commit}`])).stdout.trim() === commit.id;
  }

  /**
   * Fetches by name; by id when the name has moved on; everything when the server serves no single
   * commits.
   */
  async fetch(commit: GitCommit): Promise<void> {
    const { name, id } = commit;
    let result = name === undefined ? undefined : await this.#shallow(`+${name}:${INCOMING}`);
    if (result) await this.#check(result);
    if (!result || !(await this.#keep(INCOMING, commit))) {
      result = await this.#shallow(`+${id}:${INCOMING}`);
      if (result.code !== 0 && !NO_SINGLE_COMMITS.test(result.stderr)) await this.#check(result);
      if (result.code !== 0 || !(await this.#keep(INCOMING, commit))) await this.#everything(commit);
    }
    await this.#git(["update-ref", "-d", INCOMING]);
  }

  async #everything(commit: GitCommit): Promise<void> {
    const deepen = existsSync(join(this.#directory, "shallow")) ? ["--unshallow"] : [];
    const refs = [`+refs/heads/*:${STORED_REFS}/all/heads/*`, `+refs/tags/*:${STORED_REFS}/all/tags/*`];
    await this.#check(await this.#git(["fetch", "--quiet", "--no-tags", ...deepen, "--", this.#source.remote, ...refs]));
    if (!(await this.#keep(commit.tag ?? commit.id, commit))) throw commitMissing(this.#source.remote, commit.id);
  }

  /** Fetches without history; with it where the server knows no other way. */
  async #shallow(refspec: string): Promise<GitResult> {
    const args = (depth: readonly string[]) => ["fetch", "--quiet", "--no-tags", ...depth, "--", this.#source.remote, refspec];
    const result = await this.#git(args(["--depth=1"]));
    return result.code !== 0 && /shallow|--depth/.test(result.stderr) ? this.#git(args([])) : result;
  }

  /**
   * Sets a ref for the commit behind `object`. Returns false when it is another one, or missing.
   */
  async #keep(object: string, commit: GitCommit): Promise<boolean> {
    const found = await this.#git(["rev-parse", "--verify", "--quiet", `${object}^{commit}`]);
    if (found.stdout.trim() !== commit.id) return false;
    return (await this.#git(["update-ref", storedRef(commit), object])).code === 0;
  }

  #git(args: readonly string[]): Promise<GitResult> {
    return this.#remote.git.run(["--git-dir", this.#directory, ...args], {
      signal: this.#reporter.signal,
      ...(args[0] === "fetch" && { remote: "objects", onSilence: silenceOf(this.#source, this.#reporter) }),
    });
  }

  async #check({ code, stderr }: GitResult): Promise<void> {
    if (code !== 0) throw await this.#remote.failed(`fetch from ${this.#source.remote}`, stderr);
  }
}

/** Messages of a server that serves refs only; the last one is git's own before it asks. */
const NO_SINGLE_COMMITS = /not our ref|unadvertised object|couldn't find remote ref|no such remote ref|does not allow request/i;
