import { GROUPS } from "../../api/options/option.js";
import type { RunOptions } from "../../api/run/run-options.js";
import { parseBytes } from "../../api/texts/bytes.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { constants } from "node:os";
import { resolve } from "node:path";
import { asCanceled, TsbuildError, UsageError } from "../../core/errors.js";
import { type CliEnvironment, type Command, printStderr, storeRoot } from "../environment.js";
import { EXIT, exitCodeOf } from "../exit-codes.js";
import { paintFor } from "../output/paint.js";
import { renderError } from "../output/render-error.js";
import { createReporter } from "../progress/create-reporter.js";
import { progressForm, terminal } from "../progress/form.js";
import { connectTerminal, NO_READER, readOutput, terminalSize } from "../prompts/raw-terminal.js";
import { OPTION_FLAGS } from "../syntax/build-flags.js";
import { readBuildOptions, readInputs } from "../syntax/build-options.js";
import { type CommandSyntax, type ParsedFlags, parseFlags, PROGRESS_FORMS } from "../syntax/flags.js";
import { inputIsNoTerminal } from "../syntax/errors.js";
import {
  portText,
  readHealth,
  readPorts,
  readTmpfs,
  readVariables,
  readVolume,
  refuseEngineFlags,
  ENGINE_FLAGS,
} from "../syntax/run-flags.js";

/** Exit code of a command that was not started, as docker has it. */
const NOT_STARTED = 125;

/** Flags of `build` that mean the same here. */
const OF_BUILD: ReadonlySet<string> = new Set(
  [
    "file target build-arg build-context secret ssh no-cache cache-from ca allow jobs",
    "platform isolation root network add-host ulimit shm-size",
  ].flatMap((names) => names.split(" ")),
);

const GROUP = "The command:";

const SYNTAX: CommandSyntax = {
  name: "run",
  summary: "Run a command in an image or a stage, in the foreground, and keep nothing",
  operands: "IMAGE | PATH [COMMAND…]",
  count: [1, Infinity],
  passThrough: true,
  flags: [
    { name: "interactive", short: "i", text: "Pass the standard input to the command", group: GROUP },
    { name: "tty", short: "t", text: "Give the command a terminal", group: GROUP },
    {
      name: "env",
      short: "e",
      value: "<name=value>",
      repeat: true,
      text: "Set a variable; a name alone takes it from the environment",
      group: GROUP,
    },
    { name: "volume", short: "v", value: "<dir:path[:ro]>", repeat: true, text: "Mount a directory or file of this machine", group: GROUP },
    { name: "tmpfs", value: "<path[:size=…]>", repeat: true, text: "Mount an empty file system in memory", group: GROUP },
    { name: "workdir", short: "w", value: "<path>", text: "Working directory", group: GROUP },
    { name: "user", short: "u", value: "<user[:group]>", text: "User to run as, as in USER", group: GROUP },
    { name: "entrypoint", value: "<program>", text: "Program to run instead of ENTRYPOINT", group: GROUP, notEmpty: true },
    { name: "hostname", value: "<name>", text: "Host name", group: GROUP },
    {
      name: "publish",
      short: "p",
      value: "<[ip:][host:]port>",
      repeat: true,
      text: "Show a port of the command at this machine's: 8080:80, 80 for any free one, 0.0.0.0:53:53/udp",
      group: GROUP,
      notEmpty: true,
    },
    { name: "publish-all", short: "P", text: "Show all ports that the image exposes, each at a free one", group: GROUP },
    { name: "wait-healthy", text: "Run until the health check passes, and end: 0, or 1 when it never does", group: GROUP },
    { name: "health-cmd", value: "<command>", text: "Health check in the place of HEALTHCHECK", group: GROUP, notEmpty: true },
    ...["interval", "timeout", "start-period", "start-interval", "retries"].map((part) => ({
      name: `health-${part}`,
      value: part === "retries" ? "<number>" : "<duration>",
      text: `As --${part} of HEALTHCHECK`,
      group: GROUP,
      notEmpty: true,
    })),
    { name: "no-healthcheck", text: "For docker's sake: HEALTHCHECK runs with --wait-healthy only", hidden: true },
    { name: "read-only", text: "Make the root file system read-only", group: GROUP },
    { name: "rm", text: "For docker's sake: nothing is ever kept", hidden: true },
    {
      name: "pull",
      value: "<when>",
      choices: ["always", "missing", "never"],
      text: "When to ask the registry for the image (default: missing)",
      group: GROUPS.input,
    },
    {
      name: "progress",
      value: "<form>",
      choices: PROGRESS_FORMS,
      text: "How a build or a pull is shown on the standard error",
      group: GROUPS.output,
    },
    { name: "quiet", short: "q", text: "Show no progress", group: GROUPS.output },
    ...OPTION_FLAGS.map(([, flag]) => flag).filter(({ name }) => OF_BUILD.has(name)),
    ...ENGINE_FLAGS,
  ],
  after:
    "An operand that begins with . or /, or any with --target or --file, is a build context: its target is built and run.\n" +
    "The flags for steps hold for the command as well.\n" +
    "Exits with the code of the command, or 125 when the command was not started.\n" +
    "Example: tsbuild run --target test . npm test",
};

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(SYNTAX, args);
    refuseEngineFlags(flags);
    const options = await readRunOptions(flags, environment);
    const form = progressForm({ named: flags.one("progress"), quiet: flags.has("quiet") }, environment);
    const paint = paintFor(environment);
    const reporter = await createReporter(form, () => ({ stream: environment.stderr, paint, ...terminal(environment) }));
    let finished = false;
    const finish = (): void => {
      if (!finished) reporter.finish();
      finished = true;
    };
    const output = readOutput(environment);
    let release = (): void => {};
    try {
      const wantsTerminal = flags.has("tty");
      const exit = await environment.api.run({
        ...options,
        ...(wantsTerminal && { terminal: terminalSize(environment) }),
        ...(flags.has("interactive") && { input: environment.stdin }),
        signal: output.signal,
        onEvent: (event) => event.type !== "explained" && !finished && reporter.onEvent(event),
        onOutput: output.write,
        onPublish: (ports) => environment.stderr.write(ports.map((port) => `tsbuild: ${portText(port)}\n`).join("")),
        onStart(started) {
          finish();
          release = connectTerminal(environment, started, { raw: wantsTerminal && flags.has("interactive") });
        },
      });
      return "code" in exit ? exit.code : 128 + (constants.signals[exit.signal as NodeJS.Signals] ?? 0);
    } catch (error) {
      release();
      finish();
      if (output.isGone()) return NO_READER;
      if (error instanceof UsageError) throw error;
      const shown = asCanceled(error, environment.signal);
      await printStderr(environment, renderError(shown, { paint, root: flags.one("root") }));
      if (environment.signal.aborted) return exitCodeOf(shown);
      return error instanceof TsbuildError && error.code === "run/unhealthy" ? EXIT.failure : NOT_STARTED;
    } finally {
      release();
      finish();
    }
  },
};

async function readRunOptions(flags: ParsedFlags, environment: CliEnvironment): Promise<RunOptions> {
  const [operand = "", ...words] = flags.operands;
  const { one, all, has } = flags;
  const isBuild = one("target") !== undefined || one("file") !== undefined || /^\.{0,2}(\/|$)/.test(operand);
  const pull = one("pull") === "always" || (one("pull") === "never" ? ("never" as const) : false);
  const wide: ParsedFlags = {
    operands: [operand],
    all: (name) => (OF_BUILD.has(name) ? all(name) : []),
    one: (name) => (name === "pull" ? (pull === false ? undefined : one("pull")) : OF_BUILD.has(name) ? one(name) : undefined),
    has: (name) => OF_BUILD.has(name) && has(name),
  };
  const build = readBuildOptions(wide, environment);
  const { isolation, network, addHosts, ulimits, shmSize } = build;
  if (has("interactive") && has("tty") && environment.stdin.isTTY !== true) throw inputIsNoTerminal();
  const platform = all("platform").join(",") || undefined;
  return {
    ...storeRoot(environment, one("root")),
    ...(isBuild ? { build: { ...build, ...(await readInputs(wide, environment)) } } : { image: operand }),
    command: words,
    pull,
    ...(isolation === undefined ? {} : { isolation }),
    ...(network === undefined ? {} : { network }),
    ...(addHosts && { addHosts }),
    ...(ulimits && { ulimits }),
    ...(shmSize === undefined ? {} : { shmSize }),
    ...(platform === undefined ? {} : { platform }),
    env: readVariables(all("env"), environment.env),
    volumes: all("volume").map((text) => readVolume(text, (path) => resolve(environment.cwd, hostPath(environment, path)))),
    tmpfs: all("tmpfs").map((text) => readTmpfs(text, parseBytes)),
    readonlyRoot: has("read-only"),
    publish: readPorts(all("publish")),
    publishAll: has("publish-all"),
    waitHealthy: has("wait-healthy"),
    health: readHealth(one),
    ...textOf("workdir", one("workdir")),
    ...textOf("user", one("user")),
    ...textOf("entrypoint", one("entrypoint")),
    ...textOf("hostname", one("hostname")),
  };
}

function textOf<N extends string>(name: N, text: string | undefined): { readonly [K in N]?: string } {
  return text === undefined ? {} : ({ [name]: text } as { readonly [K in N]?: string });
}
