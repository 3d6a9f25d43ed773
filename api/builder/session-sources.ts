import type { SourceOp } from "../../llb/ops.js";
import type { LocalSource } from "../../llb/sources/local.js";
import { sessionDirectory, sessionImage } from "../../llb/sources/session.js";
import { localOf, readSource } from "../../llb/sources/source.js";
import { wireSource } from "../../llb/sources/wire.js";
import { type Rootfs, topological, type Vertex } from "../../llb/vertex.js";
import type { SessionSource } from "../../llb/wire/write/write-definition.js";
import type { SourceImage } from "../../solver/ports.js";

/** Name of the store in which a builder finds images that only this machine has. */
export const IMAGES_STORE = "tsbuild";

interface SessionSourcesOptions {
  /** Id of the session. */
  readonly session: string;
  /** Mode in which the builder looks for images, see {@link WriteOptions}. */
  readonly images: "local" | "pull" | undefined;
  /** Returns the image of a source. */
  readonly image: (op: SourceOp, vertex: Vertex) => SourceImage | undefined;
  /** Called for each image that only this machine has. */
  readonly onOwnImage: (image: SourceImage) => void;
}

/**
 * Returns the sources of graphs as a session has them: directories with the session's id and the
 * paths that the graph reads of them, and images of this machine by their digests.
 */
export function sessionSources(targets: readonly Rootfs[], { session, images, image, onOwnImage }: SessionSourcesOptions): SessionSource {
  const paths = pathsInUse(targets);
  return (op, vertex) => {
    const source = readSource(op);
    if (source?.kind === "local") {
      const { excludePatterns } = source;
      return sessionDirectory(wireName(source), { excludePatterns, session, follow: paths.get(vertex.digest) });
    }
    if (source?.kind !== "image") return undefined;
    const found = image(op, vertex);
    if (found === undefined || (found.origin !== undefined && !source.layout) || source.digest === undefined) return wireSource(op, images);
    onOwnImage(found);
    // The builder reads the name as a host and a repository.
    return sessionImage("client/image", { digest: source.digest, session, store: IMAGES_STORE });
  };
}

/** Returns the name of a directory on the wire. Several builds have different names for theirs. */
export function wireName({ name, unique }: LocalSource): string {
  return unique === undefined ? name : `${name}-${unique.replace(/^sha256:/, "").slice(0, 12)}`;
}

/** Returns the paths that graphs read of a directory; undefined for one of which all is read. */
export function pathsRead(local: LocalSource, targets: readonly Rootfs[]): readonly string[] | undefined {
  const same = ({ name, excludePatterns, unique }: LocalSource): string => JSON.stringify([name, excludePatterns, unique]);
  const paths = pathsInUse(targets);
  const users = topological(targets).filter((vertex) => {
    const own = localOf(vertex.op);
    return own !== undefined && same(own) === same(local);
  });
  const found = users.map(({ digest }) => paths.get(digest));
  return found.length === 0 || found.includes(undefined) ? undefined : [...new Set(found.flatMap((list) => list ?? []))].sort();
}

/** Returns the paths that graphs read of each directory; none for one of which all is read. */
function pathsInUse(targets: readonly Rootfs[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string> | undefined>();
  const add = (vertex: Vertex | undefined, path: string | undefined): void => {
    if (vertex?.op.kind !== "source" || readSource(vertex.op)?.kind !== "local") return;
    const paths = found.has(vertex.digest) ? found.get(vertex.digest) : new Set<string>();
    const clean = path?.replace(/^\/+/, "").replace(/\/+$/, "");
    found.set(vertex.digest, clean === undefined || clean === "" || clean === "." ? undefined : paths?.add(clean));
  };
  const order = topological(targets);
  for (const target of targets) add(target?.vertex, undefined);
  for (const { op, inputs } of order) {
    const of = (index: number): Vertex | undefined => inputs[index]?.vertex;
    if (op.kind === "exec") {
      for (const mount of op.mounts) if ("input" in mount) add(of(mount.input), "selector" in mount ? mount.selector : undefined);
    } else if (op.kind === "file") {
      for (const action of op.actions) {
        add(of(action.input), undefined);
        if (action.action === "copy") add(of(action.secondaryInput), action.parentsPivot === undefined ? action.src : undefined);
      }
    } else for (const { vertex } of inputs) add(vertex, undefined);
  }
  return new Map([...found].flatMap(([digest, paths]) => (paths ? [[digest, [...paths].sort()] as const] : [])));
}
