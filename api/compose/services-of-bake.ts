import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { SourceFile } from "../../core/diagnostics.js";
import type { BakeDefinition } from "../../frontend/bake/definition.js";
import { environmentOf, fileIfThere } from "./compose-files.js";

interface ServicesOptions {
  readonly files: readonly SourceFile[];
  /** Directory that paths in the files are relative to. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True for files of another machine, which name no files of this one. */
  readonly remote: boolean;
}

/** Returns the services of Compose files as the targets that buildx makes of them. */
export async function servicesOfBake({
  files,
  directory,
  env: given,
  remote,
}: ServicesOptions): Promise<Pick<BakeDefinition, "groups" | "targets" | "warnings"> & { readonly envFiles: readonly string[] }> {
  const [{ loadFiles, nameInFiles, withEnvFiles }, { readProject }, { bakeDefinition }, { serviceEnvironment }] = await Promise.all([
    import("../../frontend/compose/load.js"),
    import("../../frontend/compose/project.js"),
    import("../../frontend/compose/targets.js"),
    import("../../frontend/compose/service-environment.js"),
  ]);
  const read = (path: string): SourceFile | undefined => (remote ? undefined : fileIfThere(resolve(directory, path), directory));
  const envFiles: string[] = [];
  const readEnv = (path: string): SourceFile | undefined => {
    const found = read(path);
    if (found) envFiles.push(resolve(directory, path));
    return found;
  };
  const dotEnv = fileIfThere(join(directory, ".env"), directory);
  if (dotEnv) envFiles.push(join(directory, ".env"));
  const variables = withEnvFiles(environmentOf(given), dotEnv ? [dotEnv] : []);
  const project = nameInFiles(files, variables) || variables.get("COMPOSE_PROJECT_NAME") || "bake";
  const env = new Map([...variables, ["COMPOSE_PROJECT_NAME", project]]);
  const { tree, warnings } = loadFiles({ files, directory: "", env, home: homedir(), read, readEnv });
  return { ...bakeDefinition(readProject(tree), (service) => serviceEnvironment(service, env, readEnv)), warnings, envFiles };
}
