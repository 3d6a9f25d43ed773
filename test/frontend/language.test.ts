import { writeFileSync } from "node:fs";
import test from "ava";
import { DiagnosticsError } from "../../core/errors.js";
import { compileDockerfile } from "../../frontend/dockerfile/compile.js";
import { parseDockerfile } from "../../frontend/dockerfile/syntax/parse.js";
import type { FrontendOptions, FrontendPorts } from "../../frontend/frontend.js";
import { sha256 } from "../../core/digest.js";
import { casePath } from "../support/golden.js";
import { languageCaseFiles, languageCases, type LanguageCase, readLanguageFile } from "../support/samples/language-cases.js";
import { formatSections } from "../support/sections.js";
import { PLAIN_OPTIONS } from "../support/samples/frontend-options.js";

// Every case of test/cases/language, run by the frontend without an image store or a network.

const LINUX = { os: "linux", architecture: "amd64" };
const DIGEST = sha256("base");

const PORTS: FrontendPorts = {
  resolveImage: async (ref, { platform }) => ({
    ref,
    op: { kind: "source", identifier: `docker-image://${ref}`, attrs: {} },
    digest: DIGEST,
    platform,
    config: {
      ...LINUX,
      config: { Env: ["PATH=/bin"], Cmd: ["sh"], WorkingDir: "/" },
      rootfs: { type: "layers", diff_ids: [DIGEST] },
      history: [{ created_by: "busybox" }],
    },
  }),
  namedContext: async () => undefined,
  ignorePatterns: async () => [],
};

function optionsOf({ dockerfile, options }: LanguageCase): FrontendOptions {
  const values = (name: string): string[] =>
    options.flatMap((line) => (line.startsWith(`--${name} `) ? [line.slice(name.length + 3)] : []));
  const [target] = values("target");
  return {
    ...PLAIN_OPTIONS,
    text: dockerfile,
    ...(target === undefined ? {} : { target }),
    buildArgs: Object.fromEntries(values("build-arg").map((arg) => [arg.split("=")[0] ?? "", arg.slice(arg.indexOf("=") + 1)])),
    labels: Object.fromEntries(values("label").map((arg) => [arg.split("=")[0] ?? "", arg.slice(arg.indexOf("=") + 1)])),
  };
}

async function outcome(found: LanguageCase): Promise<string> {
  try {
    const { ast } = parseDockerfile(found.dockerfile, "Dockerfile");
    const result = await compileDockerfile(ast, optionsOf(found), PORTS);
    const config = Object.entries(result.config.config ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    const history = result.history.map(({ created_by, layer }) => `${layer ? "+" : " "} ${created_by?.replaceAll("\n", "\\n")}`);
    const { author } = result.config;
    const epoch = result.sourceDateEpoch;
    const scanned = result.scanTargets.map(({ name }) => name).join(", ");
    const warnings = result.warnings.map(({ code, range }) => `warning ${code}${range ? ` at ${range.line}:${range.column}` : ""}`);
    return [
      "accepted",
      ...config,
      ...(author ? [`author ${author}`] : []),
      ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
      ...(scanned === "" ? [] : [`scanned ${scanned}`]),
      ...history,
      ...warnings,
      "",
    ].join("\n");
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) throw error;
    const lines = error.diagnostics.map(({ code, message, hint, range }) => {
      const place = range ? `${range.line}:${range.column}: ` : "";
      return `${code} ${place}${message}${hint === undefined ? "" : ` (${hint})`}`;
    });
    return ["refused", ...lines, ""].join("\n");
  }
}

for (const file of languageCaseFiles()) {
  test(file, async (t) => {
    const { intro, cases } = readLanguageFile(file);
    const updated = [];
    for (const [index, found] of languageCases()
      .filter((candidate) => candidate.file === file)
      .entries()) {
      const actual = await outcome(found);
      if (process.env["UPDATE_GOLDEN"]) {
        const section = cases[index] as (typeof cases)[number];
        updated.push({ title: section.title, sections: new Map([...section.sections, ["outcome", actual]]) });
      } else t.is(actual, found.outcome, found.name);
    }
    if (updated.length > 0) {
      writeFileSync(casePath("language", file), formatSections(intro, updated));
      t.is(updated.length, cases.length);
    }
  });
}
