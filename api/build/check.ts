import { uniqueDiagnostics } from "../../core/diagnostics.js";
import { checkDockerfile, type CheckedDockerfile } from "../../frontend/dockerfile/check.js";
import { listTargets, type Outline, outlineDockerfile, type Target } from "../../frontend/dockerfile/outline.js";
import { hostPlatform } from "../../oci/platform.js";
import { loadAst } from "../sources/ast-cache.js";
import { withDockerfile } from "./with-dockerfile.js";
import type { DockerfileText } from "../sources/local-context.js";
import { fixDockerfile, writeFixed } from "../sources/fix-dockerfile.js";
import type { CheckOptions, CheckResult } from "../options/options.js";

/**
 * Checks a Dockerfile without building it. Its faults, and those of its base images, are the
 * result. Throws for a Dockerfile that cannot be read.
 */
export async function check({ rules = "all", fix = false, ...options }: CheckOptions = {}): Promise<CheckResult> {
  return withDockerfile(options, async (dockerfile, build, session) => {
    const look = async (file: DockerfileText, ast = dockerfile.ast): Promise<CheckedDockerfile> => {
      const all = await Promise.all(
        build.platforms.map((platform) =>
          checkDockerfile(ast, { ...dockerfile.options(platform), text: file.text }, dockerfile.ports, rules === "all"),
        ),
      );
      return {
        errors: uniqueDiagnostics(all.flatMap(({ errors }) => errors)),
        warnings: uniqueDiagnostics(all.flatMap(({ warnings }) => warnings)),
      };
    };
    const { file } = dockerfile;
    const found = await look(file);
    if (!fix) return { source: { name: file.name, text: file.text }, ...found, fixed: [] };
    const result = await fixDockerfile(file, found, async (changed) => look(changed, await loadAst(changed, session.store)));
    // The fix of a given text is in the result.
    if (result.fixed.length > 0 && typeof build.dockerfile !== "object") writeFixed(file, result.source.text);
    return result;
  });
}

/**
 * Returns the inputs of a build of the target: arguments, secrets, SSH agents. Throws like a build
 * when the Dockerfile has errors.
 */
export async function outline(
  options: Omit<CheckOptions, "rules" | "fix"> = {},
): Promise<Outline & { readonly source: CheckResult["source"] }> {
  return withDockerfile(options, async ({ ast, file, ports, options: frontendOptions }, { platforms }) => ({
    ...(await outlineDockerfile(ast, frontendOptions(platforms[0] ?? hostPlatform()), ports)),
    source: { name: file.name, text: file.text },
  }));
}

/** Returns the stages that can be built, in file order. Asks no registry. */
export async function targets(
  options: Omit<CheckOptions, "rules" | "fix"> = {},
): Promise<{ readonly targets: readonly Target[]; readonly source: CheckResult["source"] }> {
  return withDockerfile(options, async ({ ast, file: { name, text } }) => ({
    targets: listTargets(ast, { name, text }),
    source: { name, text },
  }));
}
