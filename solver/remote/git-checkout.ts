import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "../../core/system/remove-tree.js";
import type { Reporter } from "../layers/ports.js";
import type { RepositoryRole, GitResult } from "./git-command.js";
import { type CommitOptions, type Fetched, withFetched } from "./git-fetch.js";
import { type GitCommit, type GitRemote, silenceOf } from "./git-repositories.js";
import type { GitSource } from "../../llb/sources/git.js";
import { readCommitTime } from "./git-time.js";

/** A commit's files on disk. Disposing removes them. */
export interface Checkout extends Disposable {
  readonly directory: string;
  /** Seconds since the epoch of the commit. */
  readonly committedAt: number;
}

/**
 * Checks a commit out into a temporary directory, with its submodules. Runs nothing of the
 * repository: there are no hooks, no filters, and no configuration but our own. `.git` is complete
 * when the source keeps it; otherwise it is only scaffolding.
 */
export async function checkOut(source: GitSource, commit: GitCommit, options: CommitOptions): Promise<Checkout> {
  const { repositories, store, reporter } = options;
  const directory = store.temporaryDirectory();
  const dispose = (): void => removeTree(directory);
  try {
    const committedAt = await withFetched(source, commit, options, async (fetched) => {
      const work = new WorkTree({ source, commit, remote: await repositories.remote(source), directory, reporter });
      await work.prepare(fetched);
      await (source.keepGitDir ? work.clone(fetched) : work.borrow(fetched));
      const time = await readCommitTime(source, commit, {
        directory: fetched.directory,
        remote: await repositories.remote(source),
        reporter,
      });
      if (source.submodules && existsSync(join(directory, ".gitmodules"))) await work.submodules();
      return time;
    });
    return { directory, committedAt, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

interface WorkTreeOptions {
  readonly source: GitSource;
  readonly commit: GitCommit;
  readonly remote: GitRemote;
  readonly directory: string;
  readonly reporter: Reporter;
}

class WorkTree {
  readonly #source: GitSource;
  readonly #commit: GitCommit;
  readonly #remote: GitRemote;
  readonly #directory: string;
  readonly #reporter: Reporter;

  constructor({ source, commit, remote, directory, reporter }: WorkTreeOptions) {
    this.#source = source;
    this.#commit = commit;
    this.#remote = remote;
    this.#directory = directory;
    this.#reporter = reporter;
  }

  async prepare({ format }: Fetched): Promise<void> {
    await this.#git(["init", "--quiet", `--object-format=${format}`]);
    // Submodules with relative addresses are resolved against it.
    await this.#git(["config", "remote.origin.url", this.#source.remote]);
  }

  /** Copies the objects, so that `.git` is complete by itself. */
  async clone({ directory, ref }: Fetched): Promise<void> {
    const { name, id } = this.#commit;
    const wanted = name?.startsWith("refs/") ? `+${ref}:${name}` : ref;
    await this.#git(["fetch", "--quiet", "--no-tags", "--update-head-ok", "--depth=1", "--", `file://${directory}`, wanted], {
      GIT_ALLOW_PROTOCOL: "file",
    });
    await this.#git(["checkout", "--quiet", "--detach", "--force", id]);
    await this.#git(["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
    rmSync(join(this.#directory, ".git", "FETCH_HEAD"), { force: true });
  }

  /** Reads objects where they are: copies nothing. */
  async borrow({ directory }: Fetched): Promise<void> {
    writeFileSync(join(this.#directory, ".git", "objects", "info", "alternates"), `${join(directory, "objects")}\n`);
    await this.#git(["read-tree", "--reset", "-u", this.#commit.id]);
  }

  async submodules(): Promise<void> {
    const args = (depth: readonly string[]) => ["submodule", "--quiet", "update", "--init", "--recursive", ...depth];
    const { code } = await this.#run(args(["--depth=1"]), {}, "submodule");
    // The server serves no single commits, or no part of a history.
    if (code === 0) return;
    const { code: again, stderr } = await this.#run(args([]), {}, "submodule");
    if (again !== 0) throw await this.#remote.failed(`fetch the submodules of ${this.#source.remote}`, stderr, "submodule");
  }

  async #git(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<GitResult> {
    const result = await this.#run(args, env);
    if (result.code !== 0) throw await this.#remote.failed(`check out ${this.#source.remote}`, result.stderr);
    return result;
  }

  #run(args: readonly string[], env: Readonly<Record<string, string>> = {}, asks: RepositoryRole = "source"): Promise<GitResult> {
    return this.#remote.git.run(args, {
      signal: this.#reporter.signal,
      cwd: this.#directory,
      env,
      asks,
      ...(asks === "submodule" && { remote: "objects", onSilence: silenceOf(this.#source, this.#reporter, "submodules of ") }),
    });
  }
}
