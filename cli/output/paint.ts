import pc from "picocolors";
import type { Severity } from "../../core/diagnostics.js";
import type { DiagnosticStyle } from "../../core/text/render-diagnostic.js";
import { buildkitColors } from "./buildkit-colors.js";
import type { CliEnvironment } from "../environment.js";

/** Marks for parts of a message: those of diagnostics, emphasis, and text of ended steps. */
export interface Paint extends DiagnosticStyle {
  readonly strong: (text: string) => string;
  readonly done: (text: string) => string;
  readonly canceled: (text: string) => string;
}

export const PLAIN: Paint = {
  severity: (_severity, text) => text,
  faint: (text) => text,
  strong: (text) => text,
  done: (text) => text,
  canceled: (text) => text,
};

/**
 * Returns colours when the standard error is a terminal that wants them (NO_COLOR,
 * https://no-color.org, and TERM=dumb refuse). `BUILDKIT_COLORS` chooses others.
 */
export function paintFor(environment: CliEnvironment): Paint {
  const { stderr, env } = environment;
  if (!stderr.isTTY || env["NO_COLOR"] || env["TERM"] === "dumb") return PLAIN;
  const colors = pc.createColors(true);
  const own = buildkitColors(env["BUILDKIT_COLORS"]);
  const tones: Readonly<Record<Severity, (text: string) => string>> = {
    error: own.error ?? colors.red,
    warning: own.warning ?? colors.yellow,
  };
  return {
    severity: (severity, text) => colors.bold(tones[severity](text)),
    faint: colors.dim,
    strong: colors.bold,
    done: own.run ?? colors.cyan,
    canceled: own.cancel ?? ((text) => colors.bold(colors.yellow(text))),
  };
}
