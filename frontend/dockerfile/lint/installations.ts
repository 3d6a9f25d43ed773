import { lastPart } from "./shells.js";

export interface Installation {
  readonly tool: string;
  /** Program and action, as shown to people. */
  readonly command: string;
  /** Files that the command reads. */
  readonly files: string;
}

/**
 * Actions that need nothing of a project but its lists of dependencies. `operands: "none"` excludes
 * commands that name packages themselves.
 */
const TOOLS: Readonly<Record<string, { readonly actions: readonly string[]; readonly files: string; readonly operands?: "none" }>> = {
  npm: { actions: ["ci", "install", "i", "clean-install"], files: "package.json, package-lock.json", operands: "none" },
  yarn: { actions: ["install", ""], files: "package.json, yarn.lock", operands: "none" },
  pnpm: { actions: ["install", "i", "fetch"], files: "package.json, pnpm-lock.yaml", operands: "none" },
  bun: { actions: ["install", "i"], files: "package.json, bun.lock", operands: "none" },
  poetry: { actions: ["install"], files: "pyproject.toml, poetry.lock" },
  pipenv: { actions: ["install", "sync"], files: "Pipfile, Pipfile.lock" },
  uv: { actions: ["sync"], files: "pyproject.toml, uv.lock" },
  bundle: { actions: ["install", ""], files: "Gemfile, Gemfile.lock" },
  bundler: { actions: ["install", ""], files: "Gemfile, Gemfile.lock" },
  go: { actions: ["mod download"], files: "go.mod, go.sum" },
  cargo: { actions: ["fetch"], files: "Cargo.toml, Cargo.lock" },
  composer: { actions: ["install"], files: "composer.json, composer.lock" },
  mvn: { actions: ["dependency:go-offline", "dependency:resolve"], files: "pom.xml" },
  mvnw: { actions: ["dependency:go-offline", "dependency:resolve"], files: "pom.xml" },
  gradle: { actions: ["dependencies"], files: "build.gradle, settings.gradle" },
  gradlew: { actions: ["dependencies"], files: "build.gradle, settings.gradle" },
  dotnet: { actions: ["restore"], files: "the project files" },
  mix: { actions: ["deps.get"], files: "mix.exs, mix.lock" },
};

/**
 * Returns the installation that a command does from lists of dependencies; undefined for any other
 * command.
 */
export function installation(words: readonly string[]): Installation | undefined {
  const program = lastPart(words[0] ?? "");
  const operands = words.slice(1).filter((word) => !word.startsWith("-"));
  if (/^pip[\d.]*$/.test(program) || (/^python[\d.]*$/.test(program) && words[1] === "-m" && words[2] === "pip"))
    return pip(words, operands);
  const tool = Object.hasOwn(TOOLS, program) ? TOOLS[program] : undefined;
  if (!tool || words.includes("-g") || words.includes("--global")) return undefined;
  const action = tool.actions.find(
    (candidate) => `${operands.join(" ")} `.startsWith(`${candidate} `) && (candidate !== "" || operands.length === 0),
  );
  if (action === undefined) return undefined;
  const rest = operands.slice(action === "" ? 0 : action.split(" ").length);
  if (tool.operands === "none" && rest.some((word) => !isFlagValue(words, word))) return undefined;
  return { tool: program, command: `${program} ${action}`.trim(), files: tool.files };
}

/**
 * Reads `pip install -r file`. An installation from the directory itself needs the directory, and
 * does not count.
 */
function pip(words: readonly string[], operands: readonly string[]): Installation | undefined {
  const list = words.findIndex((word) => word === "-r" || word === "--requirement" || word.startsWith("--requirement="));
  if (!operands.includes("install") || list === -1 || words.some((word) => word === "." || word === "-e")) return undefined;
  const file = words[list]?.split("=")[1] ?? words[list + 1] ?? "requirements.txt";
  return { tool: "pip", command: `pip install -r ${file}`, files: file };
}

/** Returns true for the value of a flag, as in `--registry URL`. */
function isFlagValue(words: readonly string[], word: string): boolean {
  return words[words.indexOf(word) - 1]?.startsWith("--") ?? false;
}
