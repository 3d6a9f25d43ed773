import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isDigest } from "../../core/digest.js";
import { systemErrorCode } from "../../core/errors.js";
import type { Descriptor, Index } from "../../oci/types.js";
import { ioError } from "../errors.js";
import type { ImageEntry } from "../contract/images.js";

/**
 * Annotation that skopeo, umoci and other readers of layouts look for. The annotation holds the
 * full name, because one layout holds many images.
 */
const REF_NAME = "org.opencontainers.image.ref.name";
/** Annotation that containerd and docker look for. */
const IMAGE_NAME = "io.containerd.image.name";
/** Annotation with the entry's `createdAt`, from which the index can be rebuilt. RFC 3339. */
const CREATED = "org.opencontainers.image.created";

/** Returns the text of a layout's `index.json` for these images. */
export function encodeIndexJson(entries: readonly ImageEntry[]): string {
  const index: Index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: entries.map(({ name, target, createdAt }) => ({
      ...target,
      annotations: {
        ...target.annotations,
        ...(name === undefined ? {} : { [REF_NAME]: name, [IMAGE_NAME]: name }),
        [CREATED]: new Date(createdAt).toISOString(),
      },
    })),
  };
  return JSON.stringify(index);
}

/** Returns the images that an `index.json` names. Leaves out entries that cannot be read. */
export function decodeIndexJson(text: string): ImageEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  const manifests = (parsed as Partial<Index> | null)?.manifests;
  return (Array.isArray(manifests) ? (manifests as Descriptor[]) : []).flatMap((descriptor) => {
    if (typeof descriptor?.digest !== "string" || !isDigest(descriptor.digest)) return [];
    const { [REF_NAME]: refName, [IMAGE_NAME]: imageName, [CREATED]: created, ...annotations } = descriptor.annotations ?? {};
    const { annotations: _, ...plain } = descriptor;
    const createdAt = Date.parse(created ?? "");
    return [
      {
        name: imageName ?? refName,
        target: Object.keys(annotations).length > 0 ? { ...plain, annotations } : plain,
        createdAt: Number.isNaN(createdAt) ? 0 : createdAt,
      },
    ];
  });
}

/** Returns the file's text; undefined when there is none. */
export function readIndexJson(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw ioError(`Cannot read "${path}"`, error);
  }
}

/** Replaces the file atomically. `temporary` is on the same file system. */
export function writeIndexJson(path: string, text: string, temporary: string): void {
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw ioError(`Cannot write "${path}"`, error);
  }
}
