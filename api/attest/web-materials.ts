import type { Digest } from "../../core/digest.js";
import type { StepId } from "../../core/events.js";
import type { IncompleteReason, WebRequest, WebRequests } from "../../core/web-request.js";
import type { Vertex } from "../../llb/vertex.js";

/** A request whose answer is no material, as BuildKit's provenance has it. */
export interface IncompleteRequest {
  /** Digest of the step, and its command. */
  readonly op: string;
  readonly name: string;
  readonly method?: string;
  readonly uri?: string;
  /** `not_captured`: the step is cached from a build without a record of its requests. */
  readonly reason: IncompleteReason | "not_captured";
}

/** Files that steps fetched through their proxies. */
export interface WebMaterials {
  readonly files: readonly { readonly uri: string; readonly digest: Digest }[];
  readonly incomplete: readonly IncompleteRequest[];
}

/** Returns what the steps of a graph fetched. */
export function webMaterials(vertices: readonly Vertex[], requests: { of(step: StepId): WebRequests | undefined }): WebMaterials {
  const files = new Map<string, { readonly uri: string; readonly digest: Digest }>();
  const incomplete: IncompleteRequest[] = [];
  for (const { op, digest } of vertices) {
    if (op.kind !== "exec" || op.network === "none") continue;
    const step = { op: digest, name: op.args.join(" ") };
    const sent = requests.of(digest);
    if (sent === undefined || sent.more > 0) incomplete.push({ ...step, reason: "not_captured" });
    for (const file of fetched(sent?.list ?? [])) files.set(`${file.uri} ${file.digest}`, file);
    for (const { method, url, incomplete: reason } of sent?.list ?? []) if (reason) incomplete.push({ ...step, method, uri: url, reason });
  }
  return { files: [...files.values()], incomplete };
}

/** Returns the files of requests, also under the addresses that led to them. */
function fetched(list: readonly WebRequest[]): WebMaterials["files"] {
  const files = list.flatMap(({ url, digest }) => (digest === undefined ? [] : [{ uri: url, digest }]));
  const known = new Map(files.map(({ uri, digest }) => [uri, digest]));
  // The address that leads somewhere is asked before the one it leads to.
  for (const { url, location } of list.toReversed()) {
    const digest = location === undefined || known.has(url) ? undefined : known.get(location);
    if (digest === undefined) continue;
    known.set(url, digest);
    files.push({ uri: url, digest });
  }
  return files;
}
