import type { Reporter } from "../layers/ports.js";
import { type CommitOptions, withFetched } from "./git-fetch.js";
import type { GitCommit, GitRemote } from "./git-repositories.js";
import type { GitSource } from "../../llb/sources/git.js";

/** Kind of the memo with the times of commits. */
const TIMES = "git-time";

/**
 * Returns the time of a commit in seconds since the epoch. Asks the repository once: a commit's
 * time never changes.
 */
export async function commitTime(source: GitSource, commit: GitCommit, options: CommitOptions): Promise<number> {
  const { repositories, store, reporter } = options;
  const known = Number(store.memo.get(TIMES, commit.id)?.toString("utf8"));
  if (Number.isSafeInteger(known)) return known;
  const time = await withFetched(source, commit, options, async ({ directory }) =>
    readCommitTime(source, commit, { directory, remote: await repositories.remote(source), reporter }),
  );
  store.memo.set(TIMES, commit.id, String(time));
  return time;
}

/** Returns the committer's time of a commit in a local repository. */
export async function readCommitTime(
  source: GitSource,
  commit: GitCommit,
  { directory, remote, reporter }: { readonly directory: string; readonly remote: GitRemote; readonly reporter: Reporter },
): Promise<number> {
  const { code, stdout, stderr } = await remote.git.run(["--git-dir", directory, "cat-file", "commit", commit.id], reporter);
  if (code !== 0) throw await remote.failed(`read commit ${commit.id} of ${source.remote}`, stderr);
  return Number(/^committer .* (\d+) [-+]\d{4}$/m.exec(stdout)?.[1] ?? 0);
}
