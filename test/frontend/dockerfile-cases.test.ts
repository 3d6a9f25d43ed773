import { existsSync, readdirSync, readFileSync } from "node:fs";
import test from "ava";
import type { Diagnostic } from "../../core/diagnostics.js";
import { sha256 } from "../../core/digest.js";
import { DiagnosticsError, TsbuildError } from "../../core/errors.js";
import { renderDiagnostic } from "../../core/text/render-diagnostic.js";
import { checkDockerfile } from "../../frontend/dockerfile/check.js";
import { compileDockerfile } from "../../frontend/dockerfile/compile.js";
import { readIgnoreLines } from "../../frontend/dockerfile/syntax/dockerignore.js";
import { parseDockerfile } from "../../frontend/dockerfile/syntax/parse.js";
import type { FrontendOptions, FrontendPorts, NamedContext } from "../../frontend/frontend.js";
import { printGraph } from "../../llb/print.js";
import { formatPlatform } from "../../oci/platform.js";
import { formatReference, parseReference, withDefaultTag } from "../../oci/reference.js";
import type { ContainerConfig } from "../../oci/types.js";
import { casePath, golden } from "../support/golden.js";
import { PLAIN_OPTIONS } from "../support/samples/frontend-options.js";

const rendered = (diagnostics: readonly Diagnostic[]): string => diagnostics.map((one) => renderDiagnostic(one)).join("\n\n");

/** Members of `case.json`; all have defaults. */
interface Case {
  readonly options?: Partial<FrontendOptions>;
  /**
   * Configs of images by reference as written; other images are a plain one. `null` means that
   * there is no such image.
   */
  readonly images?: Readonly<Record<string, ContainerConfig | null>>;
  readonly contexts?: Readonly<Record<string, NamedContext>>;
  /** All stages are checked, and the problems are the outcome. */
  readonly check?: boolean;
  /** Architecture of every image; default amd64. */
  readonly architecture?: string;
}

for (const name of readdirSync(casePath("dockerfile")).sort()) {
  test(name, async (t) => {
    const folder = casePath("dockerfile", name);
    const text = readFileSync(`${folder}/Dockerfile`, "utf8");
    const settings: Case = existsSync(`${folder}/case.json`) ? JSON.parse(readFileSync(`${folder}/case.json`, "utf8")) : {};
    const asked: string[] = [];
    golden(
      t,
      `dockerfile/${name}/expected.txt`,
      `${await outcome(text, settings, folder, asked)}${asked.length > 0 ? `\nasked: ${asked.sort().join(", ")}\n` : ""}`,
    );
  });
}

async function outcome(text: string, settings: Case, folder: string, asked: string[]): Promise<string> {
  const options: FrontendOptions = {
    ...PLAIN_OPTIONS,
    text,
    ...settings.options,
  };
  if (settings.check) {
    const { ast } = parseDockerfile(text, "Dockerfile");
    const { errors, warnings } = await checkDockerfile(ast, options, ports(settings, folder, asked), false);
    return `${rendered([...errors, ...warnings])}\n`;
  }
  try {
    const result = await compileDockerfile(parseDockerfile(text, "Dockerfile").ast, options, ports(settings, folder, asked));
    const history = result.history.map(({ created_by, layer }) => `${layer ? "+" : " "} ${created_by}`);
    return [
      printGraph([result.rootfs]),
      `config: ${JSON.stringify(result.config, null, 1)}`,
      `platform: ${formatPlatform(result.platform)}${result.sourceDateEpoch === undefined ? "" : `, epoch ${result.sourceDateEpoch}`}`,
      `history (after ${result.baseHistory.length}):`,
      ...history,
      "",
      rendered(result.warnings),
    ]
      .join("\n")
      .trimEnd()
      .concat("\n");
  } catch (error) {
    if (error instanceof DiagnosticsError) return `${rendered(error.diagnostics)}\n`;
    throw error;
  }
}

function ports(settings: Case, folder: string, asked: string[]): FrontendPorts {
  return {
    async resolveImage(ref, { platform, layout }) {
      asked.push(ref);
      const config = settings.images?.[ref];
      if (config === null) throw new TsbuildError("test/not-found", `Cannot find the image "${ref}"`, { hint: "check its name" });
      const canonical = formatReference(withDefaultTag(parseReference(ref)));
      const digest = sha256(canonical);
      const architecture = settings.architecture ?? platform.architecture;
      return {
        ref: canonical,
        op: { kind: "source", identifier: `${layout ? "oci-layout" : "docker-image"}://${canonical}@${digest.slice(0, 15)}`, attrs: {} },
        digest: digest.slice(0, 15) as typeof digest,
        platform: { os: "linux", architecture },
        config: {
          os: "linux",
          architecture,
          config: config ?? { Env: ["PATH=/bin"], Cmd: ["sh"], WorkingDir: "/" },
          rootfs: { type: "layers", diff_ids: [digest] },
          history: [{ created_by: "base" }],
        },
      };
    },
    namedContext: async (name) => settings.contexts?.[name],
    async ignorePatterns(local) {
      const file = `${folder}/${local === "context" ? ".dockerignore" : `${local}.dockerignore`}`;
      return existsSync(file) ? readIgnoreLines(readFileSync(file, "utf8")).map(({ pattern }) => pattern) : [];
    },
  };
}
