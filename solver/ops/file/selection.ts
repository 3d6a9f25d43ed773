import { createHash } from "node:crypto";
import { LongText } from "../../../core/text/long-text.js";
import type { CopyAction } from "../../../llb/ops.js";
import type { DigestList, FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta, Xattrs } from "../../../core/file-node.js";
import { parseMode } from "./mode.js";
import { ContentDigits, encodeSelection } from "../../explain/selection-manifest.js";
import { filterOf, selectSources, takesContents, walkSelected } from "./select.js";
import { subtreeAt } from "./subtree.js";

/** Format. The number changes with the form of the hashed text. */
const FORMAT = "selection-2";

/** Digests that are joined at once. */
const PIECE = 1000;

interface SelectionOptions {
  /** Names the tree in messages: `the build context`, `stage "build"`. */
  readonly where: string;
  readonly signal?: AbortSignal;
  readonly onSelected?: OnSelected;
}

/** Gets the digest of a selection, and a function that lists the selected entries on demand. */
export type OnSelected = (digest: string, manifest: () => Iterable<string>) => void;

/**
 * Returns the digest of just the files that `copies` select from `tree`. Paths in the result,
 * kinds, modes, ids, sizes, contents, link targets, hard links, xattrs and devices count; times do
 * not. Values that an action overrides are left out or replaced, so that with `--chmod` and
 * `--chown` the modes and owners on disk do not count. Throws the copy's own error for a source
 * that does not exist.
 */
export async function selectionDigest(tree: FileTree, copies: readonly CopyAction[], options: SelectionOptions): Promise<string> {
  const record = new SelectionRecord(tree);
  for (const action of copies) {
    const owned = action.owner !== undefined && (action.owner.user !== undefined || action.owner.group !== undefined);
    const change = action.mode === undefined ? undefined : parseMode(action.mode);
    const form = (node: NodeMeta): Form => ({
      mode: node.type === "symlink" ? 0o777 : change ? change.apply(node.mode, node.type === "dir") : node.mode,
      owner: owned ? "" : `${node.uid}:${node.gid}`,
    });
    const filter = filterOf(action);
    record.begin();
    for (const { name, path, node } of selectSources(tree, action, options.where)) {
      if (node.type !== "dir") record.add(name, path, node, form(node));
      // When the content of a directory is copied, the directory itself does not get into the
      // image.
      else if (takesContents(action)) record.addContents();
      else record.add(name, path, node, form(node));
      if (node.type !== "dir") continue;
      walkSelected(tree, path, filter, (entry) => {
        record.add(entry.relative, entry.path, entry.node, form(entry.node));
      });
    }
  }
  return record.digest(options);
}

/**
 * Returns the digest of everything at and below `selector` (symlinks followed), for a step that
 * mounts it.
 */
export async function subtreeDigest(
  tree: FileTree,
  selector: string,
  options: Pick<SelectionOptions, "signal" | "onSelected"> = {},
): Promise<string> {
  const record = new SelectionRecord(tree);
  record.begin();
  for (const { path, relative, node } of subtreeAt(tree, selector).entries) {
    record.add(relative, path, node, { mode: node.mode, owner: `${node.uid}:${node.gid}` });
  }
  return record.digest(options);
}

interface Form {
  readonly mode: number;
  readonly owner: string;
}

/**
 * The canonical text of a selection: fields that hold no NUL, each ended by NUL, a fixed number for
 * each entry, the type first. The text is hashed a thousand entries at once, which is ten times
 * cheaper than feeding a hash field by field.
 */
class SelectionRecord {
  readonly #tree: FileTree;
  readonly #text = new LongText();
  readonly #files: string[] = [];
  /** Offsets in the text of the attributes of each of {@link #files}. */
  readonly #places: number[] = [];
  /** Each with NUL behind it. */
  readonly #paths = new LongText();
  /**
   * Paths by the tree's first name of a file with several: the one that this action selects first.
   */
  readonly #linked = new Map<string, string>();

  constructor(tree: FileTree) {
    this.#tree = tree;

    this.#text.push(`${FORMAT}\0`);
  }

  /** Begins an action. Hard links hold within one action: each copies for itself. */
  begin(): void {
    this.#text.push("action\0");
    this.#linked.clear();
  }

  addContents(): void {
    this.#text.push("contents\0");
  }

  add(relative: string, path: string, node: NodeMeta, { mode, owner }: Form): void {
    const device = node.device ? `${node.device.major}:${node.device.minor}` : "";
    const xattrs = xattrsText(node.xattrs);
    const link = node.type === "file" ? this.#hardLink(path, relative) : (node.link ?? "");
    // Joined, so that it is one string at once.
    this.#text.push([node.type, relative, mode, owner, node.size, link, device, xattrs, ""].join("\0"));
    this.#paths.push(`${path}\0`);
    if (node.type !== "file") return;
    this.#files.push(path);
    this.#places.push(this.#text.length - 1 - xattrs.length);
  }

  /** Returns the text, cut between entries, with the attributes that came with the contents. */
  #pieces(): readonly string[] {
    const { found } = this.#tree;
    if (!found || found.size === 0) return this.#text.pieces();
    const text = this.#text.toString();
    const parts: string[] = [];
    let end = 0;
    this.#files.forEach((path, index) => {
      const xattrs = found.get(path);
      const place = this.#places[index] as number;
      // Attributes that lookup returned are there already.
      if (!xattrs || text[place] !== "\0") return;
      parts.push(text.slice(end, place), xattrsText(xattrs));
      end = place;
    });
    return [[...parts, text.slice(end)].join("")];
  }

  /** Returns the earlier path of the same file in this action, if any. */
  #hardLink(path: string, relative: string): string {
    const first = this.#tree.linksOf?.(path)?.[0];
    if (first === undefined) return "";
    const taken = this.#linked.get(first);
    if (taken === undefined) this.#linked.set(first, relative);
    return taken ?? "";
  }

  async digest({ signal, onSelected }: Pick<SelectionOptions, "signal" | "onSelected">): Promise<string> {
    const digests: DigestList = this.#files.length > 0 ? await this.#tree.digests(this.#files, signal) : [];
    const pieces = this.#pieces();
    // Names that are not UTF-8 hold lone surrogates, which UTF-8 would all make equal.
    const encoding = pieces.every((piece) => piece.isWellFormed()) ? "utf8" : "utf16le";
    const hasher = createHash("sha256");
    for (const piece of pieces) hasher.update(piece, encoding);
    hasher.update("\0\0");
    const contents = new ContentDigits(digests.length);
    for (let start = 0; start < digests.length; start += PIECE) {
      const some = digests.slice(start, start + PIECE);
      contents.add(some);
      hasher.update(some.join(""));
    }
    const digest = hasher.digest("hex");
    const paths = this.#paths.pieces();
    onSelected?.(digest, () => encodeSelection(pieces, { paths, contents }));
    return digest;
  }
}

function xattrsText(xattrs: Xattrs | undefined): string {
  return xattrs ? JSON.stringify(Object.entries(xattrs)) : "";
}
