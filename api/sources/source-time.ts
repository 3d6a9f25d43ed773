import type { GitSource } from "../../llb/sources/git.js";
import type { HttpSource } from "../../llb/sources/http.js";
import { readSource } from "../../llb/sources/source.js";
import type { Edge } from "../../llb/vertex.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import { nodesBelow } from "../../oci/layer/model/walk.js";
import type { Store } from "../../cache/store.js";
import type { Reporter } from "../../solver/layers/ports.js";
import type { Sources } from "../../solver/ports.js";
import { commitTime } from "../../solver/remote/git-time.js";
import type { SolvedFiles } from "./main-context.js";

export interface SourceTimePorts extends Pick<Sources, "downloads" | "repositories"> {
  /** Reports to nobody, because no step asks. */
  readonly quiet: Reporter;
  readonly store: Store;
  readonly files: (root: Edge) => Promise<SolvedFiles>;
}

/**
 * Returns the date of a remote source in seconds: a commit's time, `Last-Modified`, or the newest
 * member of an archive. Returns undefined when it has none.
 */
export async function sourceTime(root: Edge, ports: SourceTimePorts): Promise<number | undefined> {
  const { op, inputs } = root.vertex;
  const archive = inputs[0]?.vertex.op;
  const download = op.kind === "source" ? op : op.kind === "file" && archive?.kind === "source" ? archive : undefined;
  const source = download && readSource(download);
  if (source?.kind === "git") return gitTime(source, ports);
  if (source?.kind === "http") {
    const time = await downloadTime(source, ports);
    if (time !== undefined || op.kind === "source") return time;
  }
  return newest((await ports.files(root)).tree);
}

async function gitTime(source: GitSource, { repositories, store, quiet }: SourceTimePorts): Promise<number> {
  return commitTime(source, await repositories.commit(source, quiet), { repositories, store, reporter: quiet });
}

async function downloadTime({ url, checksum }: HttpSource, { downloads, quiet }: SourceTimePorts): Promise<number | undefined> {
  const expected =
    checksum !== undefined
      ? ({ digest: checksum, from: "checksum" } as const)
      : ({ digest: await downloads.digest(url, quiet), from: "server" } as const);
  const { mtime } = await downloads.fetch(url, expected, quiet);
  return mtime === 0 ? undefined : mtime;
}

/** Returns the newest time of everything but the root, which need not be in an archive. */
function newest(tree: FileTree): number | undefined {
  let time: number | undefined;
  for (const { node } of nodesBelow(tree, "")) time = Math.max(time ?? 0, node.mtime.sec);
  return time;
}
