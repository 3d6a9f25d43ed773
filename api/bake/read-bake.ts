import { homedir } from "node:os";
import { resolve } from "node:path";
import { defaultRoot } from "../../cache/paths.js";
import type { SourceFile } from "../../core/diagnostics.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import type { BakeDefinition } from "../../frontend/bake/definition.js";
import { formatPlatform, hostPlatform } from "../../oci/platform.js";
import { ProjectFiles } from "../compose/project-files.js";
import type { BakeFile, BakeOptions, BakePlanResult } from "./bake-options.js";
import { DEFAULT_FILES, readBakeFiles } from "./bake-files.js";
import { parseBakeFiles } from "./parsed-files.js";

/**
 * Reads the bake files of a project. Nothing is built. Throws DiagnosticsError with `hcl/…` and
 * `bake/…` for the files, UsageError for files that are not there.
 */
export async function readBake(options: BakeOptions = {}): Promise<BakeFile> {
  const untyped = new ProjectFiles();
  const file = await untyped.cover(() => readFiles(options, untyped));
  const plan = (): BakePlanResult => {
    try {
      return file.plan();
    } catch (error) {
      throw untyped.covered(error);
    }
  };
  return { ...file, plan, foundFiles: untyped.paths, warnings: untyped.diagnostics(file.warnings) };
}

async function readFiles(options: BakeOptions, untyped: ProjectFiles): Promise<Omit<BakeFile, "foundFiles">> {
  const { env = process.env, variables = {} } = options;
  const { files, context } = await filesOf(options, untyped);
  const { compose, bake } = await byLanguage(files);
  const [{ planBake }, { joinDefinitions }, { evaluateFiles }, print] = await Promise.all([
    import("../../frontend/bake/plan.js"),
    import("../../frontend/bake/join.js"),
    import("../../frontend/bake/evaluate-files.js"),
    import("../../frontend/bake/print.js"),
  ]);
  const fromEnvironment = parseBoolean(env["BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP"] ?? "") !== true;
  const fileRelative = parseBoolean(env["BUILDX_BAKE_FILE_RELATIVE_PATHS"] ?? "") === true;
  const variable = (name: string): string | undefined => (fromEnvironment ? env[name] : undefined);
  const services =
    compose.length === 0
      ? NOTHING
      : await servicesOf(compose, { options, untyped, fileRelative, env: { ...(fromEnvironment ? env : {}), ...variables } });
  const definition = joinDefinitions(
    services,
    bake.length === 0
      ? NOTHING
      : evaluateFiles(await parseBakeFiles(bake, options.root ?? defaultRoot(process.env)), {
          files: bake,
          fileRelative,
          lookup: (name) => (Object.hasOwn(variables, name) ? variables[name] : variable(name)),
          builtins: { BAKE_CMD_CONTEXT: options.commandContext ?? "cwd://", BAKE_LOCAL_PLATFORM: formatPlatform(hostPlatform()) },
          now: Date.now,
          home: homedir(),
        }),
  );
  return {
    plan() {
      const plan = planBake(definition, {
        targets: options.targets ?? [],
        set: options.set ?? [],
        push: options.push ?? false,
        load: options.load ?? false,
        noCache: options.noCache,
        pull: options.pull,
        provenance: options.provenance,
        sbom: options.sbom,
        call: options.call,
        env: variable,
        remote: context,
      });
      return {
        json: print.goJson(print.planJson(plan)),
        targets: plan.targets.map(({ name, linked, fields }) => ({
          name,
          linked,
          ...(fields.description === undefined ? {} : { description: fields.description }),
          attributes: print.attributesJson(fields),
        })),
      };
    },
    list: () => print.listTargets(definition),
    variables: definition.variables.map(({ name, description, type, value }) => ({
      name,
      ...(description === undefined ? {} : { description }),
      ...(type === undefined ? {} : { type }),
      ...(value === undefined ? {} : { value }),
    })),
    warnings: definition.warnings,
  };
}

const NOTHING: BakeDefinition = { groups: [], targets: [], variables: [], warnings: [] };

interface ServicesIn {
  readonly options: BakeOptions;
  readonly untyped: ProjectFiles;
  /** True makes contexts relative to the directory of the first file. */
  readonly fileRelative: boolean;
  readonly env: NonNullable<BakeOptions["env"]>;
}

async function servicesOf(files: readonly SourceFile[], { options, untyped, fileRelative, env }: ServicesIn): Promise<BakeDefinition> {
  const { directory = ".", remote } = options;
  const { servicesOfBake } = await import("../compose/services-of-bake.js");
  const made = await servicesOfBake({ files, directory: resolve(directory), env, remote: remote !== undefined, untyped });
  if (!fileRelative) return { ...NOTHING, ...made };
  const { directoryOf, relativeTo } = await import("../../frontend/bake/file-relative.js");
  const base = directoryOf(files[0]?.name ?? "-");
  return { ...NOTHING, ...made, targets: made.targets.map((target) => relativeTo(base, target)) };
}

/** Reads the files of a definition, here or elsewhere. */
async function filesOf(
  options: BakeOptions,
  untyped: ProjectFiles,
): Promise<{ readonly files: readonly SourceFile[]; readonly context?: string | undefined }> {
  const { remote, files: names = [], root, signal, onEvent } = options;
  if (remote === undefined) return { files: await readBakeFiles(options, untyped) };
  const { readRemoteFiles } = await import("./remote-files.js");
  const isLocal = (name: string): boolean => name.startsWith("cwd://");
  const found = await readRemoteFiles(remote, {
    names: names.filter((name) => !isLocal(name)),
    defaults: DEFAULT_FILES,
    ...(root === undefined ? {} : { root }),
    ...(signal === undefined ? {} : { signal }),
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  const local = names.some(isLocal) ? await readBakeFiles({ ...options, files: names.filter(isLocal) }, untyped) : [];
  return { files: [...found.files, ...local], context: found.context };
}

/** Returns Compose files and bake files apart: by name, else by content. */
async function byLanguage(
  files: readonly SourceFile[],
): Promise<{ readonly compose: readonly SourceFile[]; readonly bake: readonly SourceFile[] }> {
  const compose = new Set<SourceFile>();
  for (const file of files) {
    if (/\.ya?ml$/i.test(file.name)) compose.add(file);
    else if (!/\.(?:json|hcl)$/i.test(file.name)) {
      const { isCompose } = await import("../../frontend/compose/read-yaml.js");
      if (isCompose(file)) compose.add(file);
    }
  }
  return { compose: [...compose], bake: files.filter((file) => !compose.has(file)) };
}
