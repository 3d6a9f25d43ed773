import type { StageState } from "./stage-state.js";

/**
 * Returns the source of `from` for messages. A stage that is named by its number has its name in
 * them, if any.
 */
export function describeSource(from: string, source: StageState | undefined): string {
  if (source?.contextName !== undefined && (!source.node || source.origin.kind === "context")) return `the context "${source.contextName}"`;
  return source?.node ? `stage "${source.node.name ?? from}"` : `image "${from}"`;
}
