import { type AttestationFile, attestationFiles, isAttested } from "./attestations.js";
import { attestationInTheWay, platformConflict } from "./errors.js";
import type { Digest } from "../core/digest.js";
import type { TsbuildError } from "../core/errors.js";
import { allOrAbort } from "../core/tasks/all-or-abort.js";
import type { Toc } from "../oci/layer/model/toc.js";
import type { NodeMeta } from "../core/file-node.js";
import { RootfsView } from "../oci/layer/model/view.js";
import { type Platform, platformFolder } from "../oci/platform.js";
import type { ExportImage } from "./exporter.js";

/** A plan to write a root filesystem: its nodes, and the layer of each file's bytes. */
export interface RootfsPlan {
  /** Directories, parents before children, without the root itself. */
  readonly directories: readonly NodeMeta[];
  /** Nodes without content: symlinks, devices, fifos. */
  readonly others: readonly NodeMeta[];
  /** Files whose content each layer's tar has, by the path that carries it there. */
  readonly files: readonly ReadonlyMap<string, PlannedFile>[];
  /** Returns the digests of files by their paths, in order. */
  digests(paths: readonly string[]): Promise<readonly Digest[]>;
}

interface PlannedFile {
  /**
   * Metadata in the image. The header of the file's entry may differ: the last one of several hard
   * links counts.
   */
  readonly meta: NodeMeta;
  /** Names under which the file is visible. Several are hard links of one file. */
  readonly names: readonly [string, ...string[]];
}

/** Returns the folder of each image's files: its platform's, or one for all. */
export function platformFolders(images: readonly ExportImage[], split: boolean | undefined): readonly string[] {
  return images.map(({ platform }) => ((split ?? images.length > 1) ? platformFolder(platform) : ""));
}

/** Returns the plans without directories that an earlier plan has. */
function withoutRepeats(plans: readonly RootfsPlan[]): readonly RootfsPlan[] {
  const seen = new Set<string>();
  return plans.map((plan) => {
    const directories = plan.directories.filter(({ path }) => !seen.has(path));
    for (const { path } of directories) seen.add(path);
    return { ...plan, directories };
  });
}

/**
 * Throws `export/platform-conflict` when images in one folder have a path in common that is not a
 * directory in both.
 */
function checkMerged(images: readonly ExportImage[], plans: readonly RootfsPlan[]): void {
  const seen = new Map<string, { readonly directory: boolean; readonly platform: Platform }>();
  images.forEach(({ platform }, index) => {
    const { directories, others, files } = plans[index] as RootfsPlan;
    const claim = (path: string, directory: boolean): void => {
      const other = seen.get(path);
      if (other === undefined) seen.set(path, { directory, platform });
      else if (!directory || !other.directory) throw conflict(path, other.platform, platform);
    };
    for (const { path } of directories) claim(path, true);
    for (const { path } of others) claim(path, false);
    for (const { names } of files.flatMap((layer) => [...layer.values()])) for (const path of names) claim(path, false);
  });
}

function conflict(path: string, first: Platform, second: Platform): TsbuildError {
  return platformConflict(path, second, first);
}

/** Returns the plan of each image, with each directory once. Throws `export/platform-conflict`. */
export async function planImages(
  images: readonly ExportImage[],
  folders: readonly string[],
  signal: AbortSignal,
): Promise<readonly RootfsPlan[]> {
  const plans: RootfsPlan[] = [];
  for (const { layers } of images) plans.push(planRootfs(await allOrAbort(signal, (ended) => layers.map((layer) => layer.toc(ended)))));
  if (images.length < 2 || folders[0] !== "") return plans;
  checkMerged(images, plans);
  return withoutRepeats(plans);
}

/**
 * Returns the visible nodes of a stack of layers (bottom first), sorted so that one pass over each
 * layer can write them.
 */
function planRootfs(tocs: readonly Toc[]): RootfsPlan {
  const view = new RootfsView(tocs.map((toc, index) => ({ layer: String(index), toc })));
  const directories: NodeMeta[] = [];
  const others: NodeMeta[] = [];
  const files = tocs.map(() => new Map<string, { meta: NodeMeta; names: [string, ...string[]] }>());
  const walk = (directory: string): void => {
    for (const name of view.children(directory)) {
      const path = directory === "" ? name : `${directory}/${name}`;
      const meta = view.lookup(path);
      if (meta === undefined) throw new Error(`internal: "${path}" vanished from a view`);
      if (meta.type === "dir") {
        directories.push(meta);
        walk(path);
      } else if (meta.type === "file") {
        const source = view.content(path);
        if (source.kind !== "layer") throw new Error(`internal: "${path}" does not come from a layer`);
        const group = files[Number(source.layer)] as (typeof files)[number];
        const known = group.get(source.path);
        if (known === undefined) group.set(source.path, { meta, names: [path] });
        else known.names.push(path);
      } else others.push(meta);
    }
  };
  walk("");
  return { directories, others, files, digests: (paths) => view.digests(paths) };
}

/**
 * Returns the files of an image's attestations, whose subjects are the exported files. Throws
 * `export/name-collision` where the image has such a path.
 */
export async function attestationsOf(
  image: ExportImage,
  plan: RootfsPlan,
  { prefix = "", split }: { readonly prefix?: string | undefined; readonly split: boolean },
): Promise<readonly AttestationFile[]> {
  if (!isAttested(image)) return [];
  const paths = plan.files.flatMap((layer) => [...layer.values()].flatMap(({ names }) => names)).sort();
  const digests = await plan.digests(paths);
  const subjects = paths.map((name, index) => ({ name, digest: digests.at(index) as Digest }));
  const platform = split ? undefined : platformFolder(image.platform);
  const taken = new Set([...paths, ...[...plan.directories, ...plan.others].map(({ path }) => path)]);
  const files = attestationFiles(image, subjects, { prefix, platform });
  for (const { name } of files) if (taken.has(name)) throw attestationInTheWay(name);
  return files;
}
