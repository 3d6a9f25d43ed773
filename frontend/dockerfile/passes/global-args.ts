import type { SourceRange } from "../../../core/diagnostics.js";
import { formatPlatform, type Platform } from "../../../oci/platform.js";
import type { FrontendOptions } from "../../frontend.js";
import type { ArgNode } from "../ast.js";
import { NearestVariables } from "../lint/nearest-variable.js";
import { Env } from "../values/env.js";
import { InstructionProblem, tryExpand } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";

/**
 * Returns the arguments that exist without ARG, in FROM lines and in stages that declare them. The
 * command line can override them.
 */
export function automaticArgs(options: FrontendOptions, targetStage: string | undefined): Env {
  const env = new Env();
  const values: Readonly<Record<string, string>> = {
    ...platformArgs("BUILD", options.buildPlatform),
    ...platformArgs("TARGET", options.targetPlatform),
    TARGETSTAGE: targetStage ?? "default",
  };
  for (const [name, value] of Object.entries(values)) env.set(name, own(options.buildArgs, name) ?? value);
  return env;
}

function platformArgs(prefix: string, platform: Platform): Readonly<Record<string, string>> {
  const version = platform.osVersion ? `(${platform.osVersion})` : "";
  const text = formatPlatform(platform);
  return {
    [`${prefix}PLATFORM`]: version !== "" && !text.includes("(") ? text.replace(platform.os, `${platform.os}${version}`) : text,
    [`${prefix}OS`]: platform.os,
    [`${prefix}OSVERSION`]: platform.osVersion ?? "",
    [`${prefix}ARCH`]: platform.architecture,
    [`${prefix}VARIANT`]: platform.variant ?? "",
  };
}

export interface GlobalArgs {
  readonly env: Env;
  /** Names of all ARGs, also those without a value. */
  readonly declared: ReadonlySet<string>;
}

/**
 * Returns the ARGs before the first FROM on top of the automatic ones. Each sees those before it.
 */
export function globalArgs(
  automatic: Env,
  nodes: readonly ArgNode[],
  options: { readonly buildArgs: Readonly<Record<string, string>>; readonly escape: string },
  report: Report | undefined,
): GlobalArgs {
  const env = new Env(automatic);
  const declared = new Set<string>();
  const nearest = new NearestVariables();
  const expand = (text: string, range: SourceRange): string => tryExpand(text, range, env, { escape: options.escape }, nearest).text;
  for (const node of nodes) {
    for (const arg of node.args) {
      try {
        const name = arg.name.text;
        const value = own(options.buildArgs, name) ?? (arg.value ? expand(arg.value.text, arg.value.range) : undefined);
        declared.add(name);
        if (value !== undefined) env.set(name, value);
      } catch (error) {
        if (!(error instanceof InstructionProblem)) throw error;
        report?.add(error.problem);
      }
    }
  }
  return { env, declared };
}

function own(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
