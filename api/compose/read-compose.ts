import { homedir } from "node:os";
import { resolve } from "node:path";
import { isAddress } from "../../core/text/address.js";
import { badProjectName } from "../../frontend/compose/errors.js";
import type { ComposeFile, ComposeOptions } from "./compose-options.js";
import { fileIfThere, findProject, nameOfDirectory, normalName } from "./compose-files.js";
import { noServices } from "./errors.js";
import { ProjectFiles } from "./project-files.js";

/**
 * Reads the Compose files of a project, and returns the services to build. Nothing is built. Throws
 * DiagnosticsError with `compose/…` for the files, UsageError for files and services that are not
 * there.
 */
export async function readCompose(options: ComposeOptions = {}): Promise<ComposeFile> {
  const untyped = new ProjectFiles();
  const file = await untyped.cover(() => readFiles(options, untyped));
  return { ...file, foundFiles: untyped.paths, warnings: untyped.diagnostics(file.warnings) };
}

async function readFiles(options: ComposeOptions, untyped: ProjectFiles): Promise<Omit<ComposeFile, "foundFiles">> {
  // The parser takes long to load.
  const [{ loadFiles, nameInFiles, withEnvFiles }, { readProject }, { selectServices }, { composePlan }, { planBake }, print] =
    await Promise.all([
      import("../../frontend/compose/load.js"),
      import("../../frontend/compose/project.js"),
      import("../../frontend/compose/select.js"),
      import("../../frontend/compose/build-plan.js"),
      import("../../frontend/bake/plan.js"),
      import("../../frontend/bake/print.js"),
    ]);
  const { files, directory, env: variables } = await findProject(options, untyped, withEnvFiles);
  const name =
    options.projectName ??
    (variables.get("COMPOSE_PROJECT_NAME") || normalName(nameInFiles(files, variables) ?? "") || nameOfDirectory(directory));
  if (name === "" || name !== normalName(name)) throw badProjectName(name);
  const env = new Map([...variables, ["COMPOSE_PROJECT_NAME", name]]);
  const cwd = resolve(options.directory ?? ".");
  const read = (path: string) => fileIfThere(path, { cwd, directory, untyped });
  const { tree, warnings } = loadFiles({ files, directory, env, home: homedir(), read });
  const project = readProject(tree);
  const profiles =
    options.profiles && options.profiles.length > 0 ? options.profiles : (env.get("COMPOSE_PROFILES") ?? "").split(",").filter(Boolean);
  const chosen = (dependencies: boolean) => selectServices(project, { services: options.services ?? [], profiles, dependencies });
  const selected = chosen(options.withDependencies ?? false);
  const { definition, printed } = composePlan(
    project,
    { selected, shown: chosen(true) },
    {
      name,
      env,
      args: new Map(Object.entries(options.buildArgs ?? {}).map(([key, value]) => [key, value ?? null])),
      ssh: new Map(Object.entries(options.ssh ?? {})),
      noCache: options.noCache ?? false,
      pull: options.pull ?? false,
      push: options.push ?? false,
      check: options.check ?? false,
      separator: options.compatibility ? "_" : "-",
    },
  );
  const json = print.goJson(printed);
  const common = { name, directory, env: Object.fromEntries(env), json };
  if (selected.length === 0) return { ...common, targets: [], contexts: [], warnings: [...warnings, noServices()] };
  const plan = planBake(definition, {
    targets: [],
    set: [],
    push: false,
    load: false,
    noCache: undefined,
    pull: undefined,
    provenance: options.provenance,
    sbom: options.sbom,
    call: undefined,
    env: (variable) => env.get(variable),
  });
  return {
    ...common,
    targets: plan.targets.map(({ name: target, linked, fields }) => ({ name: target, linked, attributes: print.attributesJson(fields) })),
    contexts: plan.targets.flatMap(({ fields }) =>
      [fields.context ?? ".", ...[...(fields.contexts?.values() ?? [])].flatMap((value) => value ?? [])].filter((path) => !isAddress(path)),
    ),
    warnings,
  };
}
