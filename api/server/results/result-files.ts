import { join } from "node:path/posix";
import type { NodeMeta } from "../../../core/file-node.js";
import { PatternMatcher } from "../../../core/text/pattern-matcher.js";
import type { ValueOf } from "../../../llb/wire/message.js";
import { joinPath } from "../../../oci/layer/model/path-order.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { READ_DIR, READ_FILE, STAT_FILE } from "../../../solver/buildkit/messages/gateway.js";
import { CallRefused, STATUS } from "../../../solver/buildkit/grpc/status.js";
import { statOf } from "../../../solver/buildkit/transfer/file-stat.js";
import type { SolvedFiles } from "../../sources/main-context.js";
import type { Job } from "../job.js";

/** Bytes of the largest file that is read into one answer. */
const LARGEST = 16 << 20;

interface Found {
  readonly files: SolvedFiles;
  readonly path: string;
  readonly node: NodeMeta;
}

/** Reads a file of a result, which is made first. */
export async function readFile(
  job: Job,
  { Ref = "", FilePath = "", Range }: ValueOf<typeof READ_FILE.request>,
): Promise<ValueOf<typeof READ_FILE.response>> {
  const { files, path, node } = await find(job, Ref, FilePath);
  if (node.type !== "file") throw new CallRefused(STATUS.INVALID_ARGUMENT, `read ${FilePath}: it is no file`);
  const { Offset = 0, Length = 0 } = Range ?? {};
  const wanted = Range === undefined ? node.size : Math.max(0, Math.min(Length === 0 ? node.size : Length, node.size - Offset));
  if (wanted > LARGEST) throw new CallRefused(STATUS.RESOURCE_EXHAUSTED, `read ${FilePath}: ${wanted} bytes are more than ${LARGEST}`);
  const all = await files.read(path);
  return { Data: Range === undefined ? all : all.subarray(Offset, Offset + wanted) };
}

/** Lists a directory of a result. */
export async function readDirectory(
  job: Job,
  { Ref = "", DirPath = "", IncludePattern = "" }: ValueOf<typeof READ_DIR.request>,
): Promise<ValueOf<typeof READ_DIR.response>> {
  const { files, path, node } = await find(job, Ref, DirPath);
  if (node.type !== "dir") throw new CallRefused(STATUS.INVALID_ARGUMENT, `readdir ${DirPath}: it is no directory`);
  const matcher = IncludePattern === "" ? undefined : new PatternMatcher([IncludePattern]);
  const names = files.tree.children(path).filter((name) => !matcher || matcher.matchesUsingParent(name, undefined).matched);
  return {
    entries: names.flatMap((name) => {
      const found = files.tree.lookup(joinPath(path, name));
      return found ? [statOf({ ...found, path: name })] : [];
    }),
  };
}

/** Returns the metadata of a file of a result. */
export async function statFile(
  job: Job,
  { Ref = "", Path = "" }: ValueOf<typeof STAT_FILE.request>,
): Promise<ValueOf<typeof STAT_FILE.response>> {
  const { node } = await find(job, Ref, Path);
  return { stat: statOf({ ...node, path: Path.split("/").filter(Boolean).at(-1) ?? "" }) };
}

/** Finds a path. Links are followed inside the result. */
async function find(job: Job, id: string, text: string): Promise<Found> {
  const files = await job.evaluate(job.result(id));
  const wanted = join("/", text).slice(1).replace(/\/$/, "");
  const found = files && resolvePath(files.tree, wanted);
  if (!files || !found?.node) throw new CallRefused(STATUS.NOT_FOUND, `${text}: no such file or directory`);
  return { files, path: found.path, node: found.node };
}
