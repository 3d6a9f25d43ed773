import { noSuchCommand, dockersCommand } from "./errors.js";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { CanceledError, systemErrorCode } from "../core/errors.js";
import { COMMANDS, commandName, generalHelp } from "./commands-table.js";
import { type CliEnvironment, print, printStderr } from "./environment.js";
import { EXIT } from "./exit-codes.js";
import { version } from "./version.js";

/**
 * Runs a command line (without node and the script) and resolves to the exit code. Prints; never
 * throws, never exits.
 */
export async function runCli(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  try {
    return await dispatch(argv, environment);
  } catch (error) {
    return await fail(error, argv, environment);
  }
}

async function dispatch(given: readonly string[], environment: CliEnvironment): Promise<number> {
  const argv = DOCKER_GLOBALS.test(given[0] ?? "")
    ? (await import("./docker/global-flags.js")).takeGlobalFlags(given, environment, (words) => commandName(words).name !== undefined)
    : given;
  const [first] = argv;
  if (first === "--version" || first === "-v") {
    await print(environment.stdout, `tsbuild ${version()}\n`);
    return EXIT.success;
  }
  if (first === undefined || first === "--help" || first === "-h" || (first === "help" && argv.length === 1)) {
    await print(environment.stdout, generalHelp());
    return EXIT.success;
  }
  if (first === "help") return dispatch([...argv.slice(1), "--help"], environment);
  const { name, rest } = commandName(argv);
  const entry = name === undefined ? undefined : COMMANDS[name];
  if (entry) return asOwn(name as string, async () => (await entry.load()).command.run(rest, environment));
  await refuseDockerCommand(argv, environment.cwd);
  // The word is no command: it is the operand of a build. A word that is no directory but nearly a
  // command was meant as one.
  if (!first.startsWith("-") && !/[/.]/.test(first) && !existsSync(resolve(environment.cwd, first))) {
    const { suggest } = await import("../core/text/suggest.js");
    const near = suggest(first, Object.keys(COMMANDS));
    throw noSuchCommand(first, near);
  }
  return (await COMMANDS["build"]!.load()).command.run(argv, environment);
}

/** Flags that docker takes before its command. */
const DOCKER_GLOBALS = /^(--(config|context|debug|host|log-level|tls\w*)(=|$)|-[DHlc])/;

/** Runs a command. A cancellation that says nothing else is one of that command. */
async function asOwn(name: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const plain = error instanceof CanceledError && error.message === new CanceledError().message;
    throw plain ? new CanceledError(`"tsbuild ${name}" was canceled`, { cause: error }) : error;
  }
}

/**
 * Throws `cli/unknown-command` for a command of docker's that is missing here, also where a
 * directory has its name. Names the substitute.
 */
async function refuseDockerCommand(argv: readonly string[], cwd: string): Promise<void> {
  if (!/^[a-z]+$/.test(argv[0] ?? "")) return;
  const { dockerCommand } = await import("./syntax/docker-commands.js");
  const found = dockerCommand(argv);
  if (found === undefined) return;
  const directory =
    argv.length === 1 && existsSync(resolve(cwd, found.command)) ? `; to build the directory, write ./${found.command}` : "";
  throw dockersCommand(found, directory);
}

async function fail(error: unknown, argv: readonly string[], environment: CliEnvironment): Promise<number> {
  const { HelpRequested } = await import("./syntax/flags.js");
  if (error instanceof HelpRequested) {
    await print(environment.stdout, error.text);
    return EXIT.success;
  }
  // The reader of our output has gone (`tsbuild images | head -1`).
  if (systemErrorCode(error) === "EPIPE") return EXIT.success;
  const { renderError } = await import("./output/render-error.js");
  const { exitCodeOf } = await import("./exit-codes.js");
  const { paintFor } = await import("./output/paint.js");
  const debug = Boolean(environment.env["TSBUILD_DEBUG"]) || argv.includes("-D") || argv.includes("--debug");
  await printStderr(environment, renderError(error, { paint: paintFor(environment), debug }));
  return exitCodeOf(error);
}
