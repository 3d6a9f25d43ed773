import { basename } from "node:path";
import type { Digest } from "../../core/digest.js";
import type { StepId } from "../../core/events.js";
import type { WebRequests } from "../../core/web-request.js";
import { type Source, readSource } from "../../llb/sources/source.js";
import type { GitSource } from "../../llb/sources/git.js";
import type { Vertex } from "../../llb/vertex.js";
import { imagePurl } from "../../oci/purl.js";
import type { Reporter } from "../../solver/layers/ports.js";
import type { Sources } from "../../solver/ports.js";
import { type WebMaterials, webMaterials } from "./web-materials.js";

/** Something that a build was made of, by its address and digest. */
export interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** Sources of a graph as provenance has them. */
export interface GraphMaterials {
  readonly materials: readonly Material[];
  /** Names of the caller's directories. Such a directory has no digest. */
  readonly locals: readonly string[];
  /** True when a source has no address that others could read. */
  readonly incomplete: boolean;
  /** Files that steps fetched; undefined where no proxy recorded them. */
  readonly web?: WebMaterials;
}

export interface MaterialPorts extends Pick<Sources, "downloads" | "repositories"> {
  readonly reporter: Reporter;
  /** Requests of the steps, where proxies recorded them. */
  readonly requests?: { of(step: StepId): WebRequests | undefined };
}

/** Reads the sources of a graph. Fetched ones have their digests already. */
export async function materialsOf(vertices: readonly Vertex[], platform: string, ports: MaterialPorts): Promise<GraphMaterials> {
  const materials = new Map<string, Material>();
  const locals = new Set<string>();
  let incomplete = false;
  for (const vertex of vertices) {
    const source = vertex.op.kind === "source" ? readSource(vertex.op) : undefined;
    if (source === undefined) continue;
    if (source.kind === "local") locals.add(source.name);
    const found = await materialOf(source, vertex.platform ?? platform, ports);
    if (found) materials.set(`${found.uri} ${JSON.stringify(found.digest)}`, found);
    else incomplete = true;
  }
  const web = ports.requests && webMaterials(vertices, ports.requests);
  for (const { uri, digest } of web?.files ?? []) materials.set(`${uri} ${digest}`, { uri, digest: digestSet(digest) });
  incomplete ||= (web?.incomplete.length ?? 0) > 0;
  return { materials: [...materials.values()], locals: [...locals], incomplete, ...(web && { web }) };
}

async function materialOf(source: Source, platform: string, ports: MaterialPorts): Promise<Material | undefined> {
  switch (source.kind) {
    case "image": {
      if (source.digest === undefined) return undefined;
      // The graph pins each image; the pin is the material's digest.
      const written = source.ref.slice(0, source.ref.lastIndexOf("@"));
      // The place of the layout is the caller's own affair.
      if (source.layout)
        return { uri: `pkg:oci/${basename(written)}?platform=${encodeURIComponent(platform)}`, digest: digestSet(source.digest) };
      const tagged = written.lastIndexOf(":") > written.lastIndexOf("/");
      return { uri: imagePurl(tagged ? written : source.ref, platform), digest: digestSet(source.digest) };
    }
    case "http":
      return { uri: source.url, digest: digestSet(source.checksum ?? (await ports.downloads.digest(source.url, ports.reporter))) };
    case "git": {
      const { id } = await ports.repositories.commit(source, ports.reporter);
      return { uri: gitUri(source), digest: { [id.length === 64 ? "sha256" : "sha1"]: id } };
    }
    default:
      return undefined;
  }
}

/**
 * Returns the address of a repository, without user and password, with what is taken of it:
 * `https://…/x.git#ref:directory`.
 */
export function gitUri({ remote, ref, subdir }: Pick<GitSource, "remote" | "ref" | "subdir">): string {
  const fragment = subdir === "" ? ref : `${ref}:${subdir}`;
  return fragment === "" ? remote : `${remote}#${fragment}`;
}

function digestSet(digest: Digest): Readonly<Record<string, string>> {
  const [algorithm = "sha256", hex = ""] = digest.split(":");
  return { [algorithm]: hex };
}
