import { homedir } from "node:os";
import type { Diagnostic } from "../../core/diagnostics.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { formatPlatform, hostPlatform } from "../../oci/platform.js";
import type { BakeFile, BakeOptions } from "./bake-options.js";
import { readBakeFiles } from "./bake-files.js";
import { composeIgnored } from "./errors.js";

/**
 * Reads the bake files of a project. Nothing is built. Throws DiagnosticsError with `hcl/…` and
 * `bake/…` for the files, UsageError for files that are not there.
 */
export async function readBake(options: BakeOptions = {}): Promise<BakeFile> {
  const { env = process.env, variables = {} } = options;
  const { files, compose } = await readBakeFiles(options);
  // The grammar takes long to load.
  const [{ evaluateFiles }, { planBake }, print] = await Promise.all([
    import("../../frontend/bake/evaluate-files.js"),
    import("../../frontend/bake/plan.js"),
    import("../../frontend/bake/print.js"),
  ]);
  const fromEnvironment = parseBoolean(env["BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP"] ?? "") !== true;
  const variable = (name: string): string | undefined => (fromEnvironment ? env[name] : undefined);
  const definition = evaluateFiles({
    files,
    lookup: (name) => (Object.hasOwn(variables, name) ? variables[name] : variable(name)),
    builtins: { BAKE_CMD_CONTEXT: "cwd://", BAKE_LOCAL_PLATFORM: formatPlatform(hostPlatform()) },
    now: Date.now,
    home: homedir(),
  });
  const ignored: Diagnostic[] =
    compose === undefined ? [] : [{ severity: "warning", code: "bake/ignored", message: composeIgnored(compose) }];
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
    warnings: [...definition.warnings, ...ignored],
  };
}
