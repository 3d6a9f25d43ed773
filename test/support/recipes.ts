import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../../core/package-root.js";

const { safeLoadAll } = createRequire(import.meta.url)("js-yaml") as { readonly safeLoadAll: (text: string) => readonly unknown[] };

const FOLDER = join(packageRoot(), "examples", "ci");

/** Names of the recipes in examples/ci. */
export const recipeNames: readonly string[] = readdirSync(FOLDER).filter((name) => !/\.(?:md|json)$/.test(name));

export const recipeText = (name: string): string => readFileSync(join(FOLDER, name), "utf8");
export const recipeDocuments = (name: string): readonly unknown[] => safeLoadAll(recipeText(name));

/** A script of a recipe, and the variables that the recipe gives it. */
export interface Script {
  readonly lines: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

const valuesOf = (variables: readonly Variable[]): Readonly<Record<string, string>> =>
  Object.fromEntries(variables.map(({ name, value }) => [name, value]));

interface GitLabJob {
  readonly before_script: readonly string[];
  readonly script: readonly string[];
  readonly after_script: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

interface GitHubWorkflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly env?: Readonly<Record<string, string>> }[] }>
  >;
}

interface Pod {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [PodContainer] } } };
}

interface PodContainer {
  readonly args: readonly [string];
  readonly env: readonly Variable[];
}

interface TektonTask {
  readonly spec: { readonly steps: readonly [{ readonly script: string; readonly env: readonly Variable[] }] };
}

const gitlabScript = ({ before_script, script, after_script, variables }: GitLabJob): Script => ({
  lines: [...before_script, ...script, ...after_script],
  env: variables,
});

/** Readers of the forms of CI: the script that each would hand to a shell. */
export const scriptOf = {
  gitlab(name: string): Script {
    const [{ image }] = recipeDocuments(name) as [{ readonly image: GitLabJob }];
    return gitlabScript(image);
  },
  /** Reads GitLab's component, with the defaults of its inputs. */
  component(): Script {
    const text = readFileSync(join(packageRoot(), "examples", "gitlab-component", "templates", "build.yml"), "utf8");
    const [{ spec }] = safeLoadAll(text) as [
      { readonly spec: { readonly inputs: Readonly<Record<string, { readonly default: unknown }>> } },
    ];
    const filled = text.replaceAll(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) => String(spec.inputs[name]?.default));
    const [, { tsbuild }] = safeLoadAll(filled) as [unknown, { readonly tsbuild: GitLabJob }];
    return gitlabScript(tsbuild);
  },
  github(name: string, job: string): Script {
    const [{ jobs }] = recipeDocuments(name) as [GitHubWorkflow];
    const steps = (jobs[job]?.steps ?? []).filter(({ run }) => run !== undefined);
    return { lines: steps.map(({ run = "" }) => run), env: Object.assign({}, ...steps.map(({ env }) => env ?? {})) as Script["env"] };
  },
  pod(name: string): Script {
    const [{ spec }] = recipeDocuments(name) as [Pod];
    const [{ args, env }] = spec.template.spec.containers;
    return { lines: args, env: valuesOf(env) };
  },
  tekton(name: string): Script {
    const [{ spec }] = recipeDocuments(name) as [TektonTask];
    const [{ script, env }] = spec.steps;
    return { lines: [script], env: valuesOf(env) };
  },
  jenkins(name: string): Script {
    const text = recipeText(name);
    const [, root = ""] = /TSBUILD_ROOT = "([^"]*)"/.exec(text) ?? [];
    return { lines: [...text.matchAll(/\bsh '([^']*)'/g)].map(([, line = ""]) => line), env: { TSBUILD_ROOT: root } };
  },
  buildkite(name: string): Script {
    const [{ steps }] = recipeDocuments(name) as [{ readonly steps: readonly [{ readonly commands: readonly string[] }] }];
    return { lines: steps[0].commands.map((line) => line.replaceAll("$$", "$")), env: {} };
  },
  cron(name: string): Script {
    const lines = recipeText(name).split("\n");
    const settings = lines.flatMap((line) => {
      const [, name, value] = /^([A-Z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value] as const];
    });
    const commands = lines.flatMap((line) => /^(?:[\d*/,-]+ ){5}(.*)$/.exec(line)?.[1] ?? []);
    return { lines: commands, env: Object.fromEntries(settings) as Script["env"] };
  },
};
