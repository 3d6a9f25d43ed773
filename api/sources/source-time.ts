import type { SourceOp } from "../../llb/ops.js";
import type { Edge } from "../../llb/vertex.js";
import { isDigest } from "../../core/digest.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import type { Store } from "../../cache/store.js";
import type { SolverContext } from "../../solver/context.js";
import { commitTime } from "../../solver/remote/git-time.js";
import { readGitSource } from "../../solver/remote/git-source.js";
import type { SolvedFiles } from "./main-context.js";

export interface SourceTimePorts extends Pick<SolverContext, "downloads" | "repositories" | "quiet"> {
  readonly store: Store;
  readonly files: (root: Edge) => Promise<SolvedFiles>;
}

/**
 * Seconds that date a source from elsewhere: a commit's time, `Last-Modified`, or the newest member of an archive. Undefined when nothing dates
 * it.
 */
export async function sourceTime(root: Edge, ports: SourceTimePorts): Promise<number | undefined> {
  const { op, inputs } = root.vertex;
  const archive = inputs[0]?.vertex.op;
  const download = op.kind === "source" ? op : op.kind === "file" && archive?.kind === "source" ? archive : undefined;
  if (download?.identifier.startsWith("git://")) return gitTime(download, ports);
  if (download && /^https?:/i.test(download.identifier)) {
    const time = await downloadTime(download, ports);
    if (time !== undefined || op.kind === "source") return time;
  }
  return newest((await ports.files(root)).tree);
}

async function gitTime(op: SourceOp, { repositories, store, quiet }: SourceTimePorts): Promise<number> {
  const source = readGitSource(op);
  return commitTime(source, await repositories.commit(source, quiet), { repositories, store, reporter: quiet });
}

async function downloadTime(op: SourceOp, { downloads, quiet }: SourceTimePorts): Promise<number | undefined> {
  const checksum = op.attrs["http.checksum"];
  const expected =
    checksum !== undefined && isDigest(checksum)
      ? ({ digest: checksum, from: "checksum" } as const)
      : ({ digest: await downloads.digest(op.identifier, quiet), from: "server" } as const);
  const { mtime } = await downloads.fetch(op.identifier, expected, quiet);
  return mtime === 0 ? undefined : mtime;
}

/** Of everything but the root, which no archive has to name. */
function newest(tree: FileTree): number | undefined {
  let time: number | undefined;
  const look = (directory: string): void => {
    for (const name of tree.children(directory)) {
      const path = directory === "" ? name : `${directory}/${name}`;
      const node = tree.lookup(path);
      if (!node) continue;
      time = Math.max(time ?? 0, node.mtime.sec);
      if (node.type === "dir") look(path);
    }
  };
  look("");
  return time;
}
