import { resolve } from "node:path";
import { compareCodeUnits } from "../../core/canonical.js";
import { sha256 } from "../../core/digest.js";
import { contextKind } from "../options/context-kind.js";
import { repositories } from "../options/image-names.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";

type Inputs = Pick<ResolvedBuildOptions, "context" | "dockerfile" | "client">;

/**
 * Returns context and Dockerfile as a record names them: absolute paths, addresses without
 * credentials.
 */
export function describeInputs({ context, dockerfile, client }: Inputs): { readonly context: string; readonly dockerfile: string } {
  if (client) return client.origin;
  return { context: describeContext(context), dockerfile: describeDockerfile(dockerfile) };
}

function describeContext(context: Inputs["context"]): string {
  if (typeof context !== "string") return "-";
  const kind = contextKind(context);
  return typeof kind === "object" && kind.kind === "directory" ? resolve(kind.path) : withoutCredentials(context);
}

function describeDockerfile(dockerfile: Inputs["dockerfile"]): string {
  if (dockerfile === undefined) return "Dockerfile";
  if (typeof dockerfile === "object") return dockerfile.name ?? "<Dockerfile>";
  return /^https?:\/\//i.test(dockerfile) ? withoutCredentials(dockerfile) : resolve(dockerfile);
}

/**
 * Returns an address without credentials. Addresses of repositories need not be URLs:
 * `git@host:path`.
 */
function withoutCredentials(address: string): string {
  return address.replace(/(?<=\/\/)[^/]*@/, "").replace(/\?[^#]*/, "");
}

/**
 * Returns the name of the project: the Dockerfile in its context. A context from a stream has no
 * place; the names of the images stand for it.
 */
export function originOf({
  context,
  dockerfile,
  names,
}: ReturnType<typeof describeInputs> & { readonly names: readonly string[] }): string {
  const more = context === "-" ? [...repositories(names)].sort(compareCodeUnits) : [];
  return sha256([context, dockerfile, ...more].join("\0")).slice("sha256:".length, "sha256:".length + 32);
}
