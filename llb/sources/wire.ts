import { basename } from "node:path";
import type { SourceOp } from "../ops.js";
import { IMAGE_SCHEME, LAYOUT_SCHEME } from "./image.js";
import { readSource } from "./source.js";

/**
 * Attributes that are ours. Note that the consent of this machine's caller goes to no other
 * machine: there the caller consents again.
 */
const OWN: readonly string[] = ["git.fromcaller", "blob.filename", "local.unique"];

/**
 * Returns a source as BuildKit knows it: without what is ours, and with what it needs besides.
 * `images` is the mode in which images are looked up.
 */
export function wireSource(op: SourceOp, images?: string): SourceOp {
  const shared = Object.entries(op.attrs).filter(([name]) => !OWN.includes(name));
  return { kind: "source", identifier: publicIdentifier(op), attrs: { ...Object.fromEntries(shared), ...moreAttributes(op, images) } };
}

/** Returns the address without places on this machine's disk. */
function publicIdentifier(op: SourceOp): string {
  const source = readSource(op);
  return source?.kind === "image" && source.layout ? `${LAYOUT_SCHEME}://${basename(source.ref)}` : op.identifier;
}

function moreAttributes(op: SourceOp, images: string | undefined): SourceOp["attrs"] {
  const source = readSource(op);
  switch (source?.kind) {
    case "image":
      return images === undefined || source.layout ? {} : { "image.resolvemode": images };
    // The hint by which a daemon finds what it has already of a client's directory.
    case "local":
      return { "local.sharedkeyhint": source.name };
    case "blob":
      return { "http.filename": source.filename };
    case "git":
      return /^(https?|git):/i.test(source.remote) ? {} : { "git.mountsshsock": source.agent };
    default:
      return {};
  }
}

/** Names of capabilities by the names of the attributes that need them. */
const OF_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["local.excludepatterns", "source.local.excludepatterns"],
  ["local.sharedkeyhint", "source.local.sharedkeyhint"],
  ["image.resolvemode", "source.image.resolvemode"],
  ["git.keepgitdir", "source.git.keepgitdir"],
  ["git.fullurl", "source.git.fullurl"],
  ["git.authheadersecret", "source.git.httpauth"],
  ["git.authtokensecret", "source.git.httpauth"],
  ["git.mountsshsock", "source.git.mountsshsock"],
  ["git.checksum", "source.git.checksum"],
  ["git.skipsubmodules", "source.git.skipsubmodules"],
  ["git.mtime", "source.git.mtime"],
  ["http.checksum", "source.http.checksum"],
]);

/** Names of capabilities by the schemes that need them. */
const OF_SCHEMES: ReadonlyMap<string, string> = new Map([
  ["local", "source.local"],
  [IMAGE_SCHEME, "source.image"],
  [LAYOUT_SCHEME, "source.ocilayout"],
  ["oci-layout+blob", "source.imageblob"],
  ["git", "source.git"],
  ["http", "source.http"],
  ["https", "source.http"],
]);

/** Returns the capabilities that a source needs of its solver, by BuildKit's names. */
export function sourceCapabilities(identifier: string, attributes: Iterable<string>): string[] {
  const scheme = OF_SCHEMES.get(identifier.slice(0, identifier.indexOf(":")).toLowerCase());
  const needed = [...attributes].flatMap((name) => OF_ATTRIBUTES.get(name) ?? []);
  return [...new Set([...(scheme === undefined ? [] : [scheme]), ...needed])];
}
