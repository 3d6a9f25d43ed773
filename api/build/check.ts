import { uniqueDiagnostics } from "../../core/diagnostics.js";
import { checkDockerfile, type CheckedDockerfile } from "../../frontend/dockerfile/check.js";
import { listTargets, type Outline, outlineDockerfile, type Target } from "../../frontend/dockerfile/outline.js";
import { hostPlatform } from "../../oci/platform.js";
import type { DockerfileAst } from "../../frontend/dockerfile/ast.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import { loadAst } from "../sources/ast-cache.js";
import type { LoadedDockerfile } from "./load-dockerfile.js";
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
    const { file } = dockerfile;
    if (!fix) return await checkLoaded(dockerfile, build, rules);
    const look = (changed: DockerfileText, ast: DockerfileAst): Promise<CheckedDockerfile> =>
      lookAt({ dockerfile, build, rules }, changed, ast);
    const found = await look(file, dockerfile.ast);
    const result = await fixDockerfile(file, found, async (changed) => look(changed, await loadAst(changed, session.store)));
    // The fix of a given text is in the result.
    if (result.fixed.length > 0 && typeof build.dockerfile !== "object") writeFixed(file, result.source.text);
    return result;
  });
}

type Rules = NonNullable<CheckOptions["rules"]>;
type Build = Pick<ResolvedBuildOptions, "platforms">;

interface Checked {
  readonly dockerfile: LoadedDockerfile;
  readonly build: Build;
  readonly rules: Rules;
}

/** Checks a Dockerfile that is read and parsed. */
export async function checkLoaded(dockerfile: LoadedDockerfile, build: Build, rules: Rules): Promise<CheckResult> {
  const { file, ast } = dockerfile;
  return { source: sourceOf(file), ...(await lookAt({ dockerfile, build, rules }, file, ast)), fixed: [] };
}

async function lookAt({ dockerfile, build, rules }: Checked, file: DockerfileText, ast: DockerfileAst): Promise<CheckedDockerfile> {
  const all = await Promise.all(
    build.platforms.map((platform) =>
      checkDockerfile(ast, { ...dockerfile.options(platform), text: file.text }, dockerfile.ports, rules === "all"),
    ),
  );
  return {
    errors: uniqueDiagnostics(all.flatMap(({ errors }) => errors)),
    warnings: uniqueDiagnostics(all.flatMap(({ warnings }) => warnings)),
  };
}

function sourceOf({ name, text }: DockerfileText): CheckResult["source"] {
  return { name, text };
}

type OutlineResult = Outline & { readonly source: CheckResult["source"] };

/**
 * Returns the inputs of a build of the target: arguments, secrets, SSH agents. Throws like a build
 * when the Dockerfile has errors.
 */
export async function outline(options: Omit<CheckOptions, "rules" | "fix"> = {}): Promise<OutlineResult> {
  return withDockerfile(options, outlineLoaded);
}

/** Returns the inputs of a build of a Dockerfile that is read and parsed. */
export async function outlineLoaded({ ast, file, ports, options }: LoadedDockerfile, { platforms }: Build): Promise<OutlineResult> {
  return { ...(await outlineDockerfile(ast, options(platforms[0] ?? hostPlatform()), ports)), source: sourceOf(file) };
}

interface TargetsResult {
  readonly targets: readonly Target[];
  readonly source: CheckResult["source"];
}

/** Returns the stages that can be built, in file order. Asks no registry. */
export async function targets(options: Omit<CheckOptions, "rules" | "fix"> = {}): Promise<TargetsResult> {
  return withDockerfile(options, async (dockerfile) => targetsLoaded(dockerfile));
}

/** Returns the stages of a Dockerfile that is read and parsed. */
export function targetsLoaded({ ast, file }: LoadedDockerfile): TargetsResult {
  return { targets: listTargets(ast, sourceOf(file)), source: sourceOf(file) };
}
