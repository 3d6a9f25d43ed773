import { homedir } from "node:os";
import type { SourceFile } from "../../core/diagnostics.js";
import type { BakeDefinition } from "../../frontend/bake/definition.js";
import { environmentOf, fileIfThere } from "./compose-files.js";
import type { ProjectFiles } from "./project-files.js";

interface ServicesOptions {
  readonly files: readonly SourceFile[];
  /** Directory that paths in the files are relative to. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True for files of another machine, which name no files of this one. */
  readonly remote: boolean;
  readonly untyped: ProjectFiles;
}

/** Returns the services of Compose files as the targets that buildx makes of them. */
export async function servicesOfBake({
  files,
  directory,
  env: given,
  remote,
  untyped,
}: ServicesOptions): Promise<Pick<BakeDefinition, "groups" | "targets" | "warnings">> {
  const [{ loadFiles, nameInFiles, withEnvFiles }, { readProject }, { bakeDefinition }, { serviceEnvironment }] = await Promise.all([
    import("../../frontend/compose/load.js"),
    import("../../frontend/compose/project.js"),
    import("../../frontend/compose/targets.js"),
    import("../../frontend/compose/service-environment.js"),
  ]);
  const places = { cwd: directory, directory, untyped };
  const read = (path: string): SourceFile | undefined => (remote ? undefined : fileIfThere(path, places));
  const dotEnv = fileIfThere(".env", places);
  const variables = withEnvFiles(environmentOf(given), dotEnv ? [dotEnv] : []);
  const project = nameInFiles(files, variables) || variables.get("COMPOSE_PROJECT_NAME") || "bake";
  const env = new Map([...variables, ["COMPOSE_PROJECT_NAME", project]]);
  const { tree, warnings } = loadFiles({ files, directory: "", env, home: homedir(), read });
  return { ...bakeDefinition(readProject(tree), (service) => serviceEnvironment(service, env, read)), warnings };
}
