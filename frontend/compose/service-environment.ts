import type { SourceFile } from "../../core/diagnostics.js";
import { readEnvFile } from "./env-file.js";
import { unreadableReference } from "./errors.js";
import type { ComposeService } from "./project.js";

/**
 * Returns the variables of a service: its own, those of its env files, and those of the project
 * below them.
 */
export function serviceEnvironment(
  { environment, envFiles }: ComposeService,
  project: ReadonlyMap<string, string>,
  read: (path: string) => SourceFile | undefined,
): (name: string) => string | undefined {
  const own = new Map<string, string>();
  for (const { path, required, place } of envFiles) {
    const file = read(path);
    if (!file && required) throw unreadableReference(path, place);
    if (file) for (const [name, value] of readEnvFile(file, (other) => project.get(other) ?? own.get(other))) own.set(name, value);
  }
  for (const [name, value] of environment) if (value !== null) own.set(name, value);
  return (name) => own.get(name) ?? project.get(name);
}
