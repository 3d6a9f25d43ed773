import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../core/package-root.js";
import { languageCases } from "../support/samples/language-cases.js";
import type { ContainerConfig } from "../../oci/types.js";

/** A case folder as both builders get it. */
export interface DifferentialCase {
  readonly name: string;
  /** Its text. */
  readonly dockerfile: string;
  /** A directory. */
  readonly context: string | undefined;
  readonly ignoreFile: string | undefined;
  /** Flags that both builders know. */
  readonly args: readonly string[];
  /** Images by the name that the Dockerfile uses, with their configs; `null` is none. */
  readonly images: Readonly<Record<string, ContainerConfig | null>>;
  /** Directories that are named contexts. */
  readonly contexts: Readonly<Record<string, string>>;
}

interface FrontendCase {
  readonly build?: boolean;
  readonly options?: {
    readonly buildArgs?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly target?: string;
    readonly targetPlatform?: { readonly os: string; readonly architecture: string };
    readonly network?: string;
  };
  readonly images?: DifferentialCase["images"];
  readonly contexts?: Readonly<Record<string, { readonly kind: string; readonly name?: string; readonly ref?: string }>>;
}

/**
 * Returns the cases of the frontend that can be built (`"build": true` in their case.json), and
 * those of the end-to-end tests.
 */
export function differentialCases(): readonly DifferentialCase[] {
  return [...frontendCases(), ...endToEndCases(), ...languageFileCases()];
}

function frontendCases(): DifferentialCase[] {
  const root = join(packageRoot(), "test", "cases", "dockerfile");
  return folders(root).flatMap((name) => {
    const folder = join(root, name);
    const settings = readJson(join(folder, "case.json")) as FrontendCase | undefined;
    if (!settings?.build) return [];
    const { buildArgs = {}, labels = {}, target, targetPlatform, network } = settings.options ?? {};
    return [
      {
        name: `dockerfile/${name}`,
        dockerfile: readFileSync(join(folder, "Dockerfile"), "utf8"),
        context: existing(join(folder, "context")),
        ignoreFile: existing(join(folder, ".dockerignore")),
        args: [
          ...Object.entries(buildArgs).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
          ...Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]),
          ...(target === undefined ? [] : ["--target", target]),
          ...(targetPlatform === undefined ? [] : ["--platform", `${targetPlatform.os}/${targetPlatform.architecture}`]),
          ...(network === undefined ? [] : [`--network=${network}`]),
        ],
        images: settings.images ?? {},
        contexts: Object.fromEntries(
          Object.entries(settings.contexts ?? {}).flatMap(([key, context]) =>
            context.kind === "local" ? [[key, join(folder, context.name ?? key)]] : [],
          ),
        ),
      },
    ];
  });
}

function endToEndCases(): DifferentialCase[] {
  const root = join(packageRoot(), "test", "e2e", "cases");
  return folders(root).flatMap((name) => {
    const folder = join(root, name);
    const scenario = readJson(join(folder, "case.json")) as
      | { readonly args?: readonly string[]; readonly runs: readonly { readonly args?: readonly string[] }[] }
      | undefined;
    if (!scenario) return [];
    return [
      {
        name: `e2e/${name}`,
        dockerfile: readFileSync(join(folder, "Dockerfile"), "utf8"),
        context: existing(join(folder, "context")),
        ignoreFile: undefined,
        args: [...(scenario.args ?? []), ...(scenario.runs[0]?.args ?? [])],
        images: {},
        contexts: {},
      },
    ];
  });
}

function languageFileCases(): DifferentialCase[] {
  return languageCases().map(({ name, dockerfile, options }) => ({
    name: `language/${name}`,
    dockerfile,
    context: undefined,
    ignoreFile: undefined,
    args: options.flatMap((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
    images: {},
    contexts: {},
  }));
}

function folders(root: string): readonly string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function readJson(path: string): unknown {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
