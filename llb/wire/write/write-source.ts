import { basename } from "node:path";
import type { SourceOp } from "../../ops.js";
import { readBlob } from "../../sources/blob.js";
import { readGit } from "../../sources/git.js";
import { IMAGE_SCHEME, LAYOUT_SCHEME, readImage } from "../../sources/image.js";
import { readLocal } from "../../sources/local.js";
import type { ValueOf } from "../message.js";
import { DEFAULT_AGENT } from "../numbers.js";
import type { SOURCE } from "../operations.js";

/**
 * Attributes that are ours. Note that the consent of this machine's caller goes to no other machine:
 * there the caller consents again.
 */
const OWN: readonly string[] = ["git.fromcaller", "blob.filename", "local.unique"];

/** Returns the message of a source. `images` is the mode in which images are looked up. */
export function sourceMessage(op: SourceOp, images?: string): ValueOf<typeof SOURCE> {
  const shared = Object.entries(op.attrs).filter(([name]) => !OWN.includes(name));
  return { identifier: publicIdentifier(op), attrs: new Map([...shared, ...Object.entries(moreAttributes(op, images))]) };
}

/** Returns the address without places on this machine's disk. */
function publicIdentifier(op: SourceOp): string {
  const image = readImage(op);
  return image?.layout ? `${LAYOUT_SCHEME}://${basename(image.ref)}` : op.identifier;
}

/** Returns what BuildKit needs besides. */
function moreAttributes(op: SourceOp, images: string | undefined): Readonly<Record<string, string>> {
  if (images !== undefined && op.identifier.startsWith(`${IMAGE_SCHEME}://`)) return { "image.resolvemode": images };
  const local = readLocal(op);
  // The hint by which a daemon finds what it has already of a client's directory.
  if (local) return { "local.sharedkeyhint": local.name };
  const blob = readBlob(op);
  if (blob) return { "http.filename": blob.filename };
  const git = readGit(op);
  return git && !/^(https?|git):/i.test(git.remote) ? { "git.mountsshsock": op.attrs["git.mountsshsock"] ?? DEFAULT_AGENT } : {};
}

/** Returns true for a source whose content depends on the platform. */
export function hasPlatform(op: SourceOp): boolean {
  return readImage(op) !== undefined;
}
