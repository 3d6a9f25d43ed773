import type { Diagnostic } from "../../core/diagnostics.js";
import { suggest } from "../../core/text/suggest.js";
import { familiarReference, tryParseReference, withDefaultTag } from "../../oci/reference.js";

/** Names that exist without `--build-context`. No context replaces them, as in BuildKit. */
const RESERVED = new Set(["context", "scratch"]);

/**
 * Returns the one spelling of a context's name, as in buildx and BuildKit: `busybox` for
 * `docker.io/library/busybox:latest`, in lower case. A name for just one platform keeps its
 * `::os/arch`.
 */
export function contextName(text: string): string {
  const [name = "", ...platform] = text.toLowerCase().split("::");
  const reference = tryParseReference(name);
  const short = reference ? familiarReference(withDefaultTag(reference)).replace(/:latest$/, "") : name;
  return [short, ...platform].join("::");
}

export function isReserved(name: string): boolean {
  return RESERVED.has(name);
}

/** Warns of a context that nothing asks for. `asked` holds the names that the build asks for. */
export function unusedContext(given: string, asked: readonly string[]): Diagnostic {
  const name = contextName(given);
  const near = suggest(name, asked);
  const names = `it names ${asked.join(", ")}`;
  const hint = near === undefined ? names : `did you mean "${near}"? ${names}`;
  const common = { severity: "warning", ...(asked.length === 0 ? {} : { hint }) } as const;
  if (isReserved(name)) {
    const message = `The named context "${given}" is not used: "${name}" always means what it means without it`;
    return { ...common, code: "context/unused", message };
  }
  const message = `The named context "${given}" is not used: no FROM, --from or stage that this build needs has this name`;
  return { ...common, code: "context/unused", message };
}
