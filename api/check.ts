import { readFileSync, realpathSync, statSync } from "node:fs";
import type { Diagnostic, Fix } from "../core/diagnostics.js";
import { throwIfAborted, TsbuildError } from "../core/errors.js";
import type { EventSink } from "../core/events.js";
import { writeFileAtomic } from "../core/fs-atomic.js";
import { applyFixes } from "../core/text-edits.js";
import { checkDockerfile, type CheckedDockerfile, type LintWarning } from "../frontend/dockerfile/check.js";
import { listTargets, type Outline, outlineDockerfile, type Target } from "../frontend/dockerfile/outline.js";
import { hostPlatform } from "../oci/platform.js";
import { loadAst } from "./ast-cache.js";
import { uniqueDiagnostics } from "./build-images.js";
import { BuildSolver } from "./build-solver.js";
import { type LoadedDockerfile, loadDockerfile } from "./load-dockerfile.js";
import type { DockerfileText } from "./local-context.js";
import type { CheckOptions, CheckResult } from "./options.js";
import { type ResolvedBuildOptions, resolveBuildOptions } from "./resolve-options.js";
import { Session } from "./session.js";

/** A fix can make room for the next, hardly ever more than twice; this many rounds mean that two rules disagree. */
const MAX_ROUNDS = 10;

/** Checks a Dockerfile without building it. What is wrong with it is the result; throws for what keeps it from being read, and when base images cannot be asked for. */
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
    let { file } = dockerfile;
    let found = await look(file);
    const fixed: LintWarning[] = [];
    const errors = found.errors.length;
    for (let round = 0; fix; round++) {
      const { text, applied } = applyFixes(file.text, found.warnings.filter(isFixable));
      if (applied.length === 0) break;
      file = { ...file, text };
      found = await look(file, await loadAst(file, session.store));
      if (round === MAX_ROUNDS || found.errors.length > errors)
        throw new Error("internal: fixes do not come to an end, or break the Dockerfile");
      fixed.push(...applied);
    }
    if (fixed.length > 0) writeFixed(dockerfile.file, file.text);
    return { source: { name: file.name, text: file.text }, ...found, fixed };
  });
}

/** What a build of the target can be given: arguments, secrets, SSH agents. Throws like a build when the Dockerfile has errors. */
export async function outline(
  options: Omit<CheckOptions, "rules" | "fix"> = {},
): Promise<Outline & { readonly source: CheckResult["source"] }> {
  return withDockerfile(options, async ({ ast, file, ports, options: frontendOptions }, { platforms }) => ({
    ...(await outlineDockerfile(ast, frontendOptions(platforms[0] ?? hostPlatform()), ports)),
    source: { name: file.name, text: file.text },
  }));
}

/** The stages that can be built, in file order. Nothing is asked of registries. */
export async function targets(
  options: Omit<CheckOptions, "rules" | "fix"> = {},
): Promise<{ readonly targets: readonly Target[]; readonly source: CheckResult["source"] }> {
  return withDockerfile(options, async ({ ast, file: { name, text } }) => ({
    targets: listTargets(ast, { name, text }),
    source: { name, text },
  }));
}

async function withDockerfile<T>(
  options: Omit<CheckOptions, "rules" | "fix">,
  body: (dockerfile: LoadedDockerfile, build: ResolvedBuildOptions, session: Session) => Promise<T>,
): Promise<T> {
  const build = resolveBuildOptions(options);
  throwIfAborted(options.signal);
  await using session = new Session(options);
  const onEvent: EventSink = (event) => options.onEvent?.(event);
  const solver = new BuildSolver({ build, compression: { type: "uncompressed" }, id: undefined, onEvent }, session);
  return await body(await loadDockerfile(build, solver, session, onEvent), build, session);
}

function isFixable(warning: LintWarning): warning is LintWarning & { readonly fix: Fix } {
  return (warning as Diagnostic).fix?.safe === true;
}

/** Writes a file in one piece, where a link leads and with the mode it has; only over the text that was checked. */
function writeFixed({ path, text: before, name }: DockerfileText, text: string): void {
  if (path === undefined) return;
  const target = realpathSync(path);
  if (!readFileSync(target).equals(Buffer.from(before)))
    throw new TsbuildError("check/not-written", `Cannot write the fixes to ${name}: it was changed meanwhile, or is not UTF-8`, {
      hint: "run the check again",
    });
  writeFileAtomic(target, text, { mode: statSync(target).mode & 0o7777 });
}
