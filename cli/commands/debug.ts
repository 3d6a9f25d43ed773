import { constants } from "node:os";
import type { StepStateSummary } from "../../api/debug/debug.js";
import { parseIsolation } from "../../api/options/isolation.js";
import { parseSecrets } from "../../api/texts/secrets.js";
import { printable } from "../../core/text/printable.js";
import { type Command, print, printStderr, storeRoot } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { age } from "../output/age.js";
import { renderList } from "../output/list-format.js";
import { connectTerminal, NO_READER, readOutput, terminalSize } from "../prompts/raw-terminal.js";
import { OPTION_FLAGS } from "../syntax/build-flags.js";
import { type CommandSyntax, parseFlags, ROOT_FLAG } from "../syntax/flags.js";

const COLUMNS = [
  { field: "Build", heading: "BUILD" },
  { field: "Failed", heading: "FAILED" },
  { field: "Step", heading: "STEP" },
];

const SYNTAX: CommandSyntax = {
  name: "debug",
  summary: "Open a shell in a step of a build, as it failed or ended",
  operands: "[BUILD] [STEP] [-- COMMAND…]",
  count: [0, 2],
  flags: [
    { name: "list", text: "List the steps that failed and are kept" },
    { name: "user", short: "u", value: "<user[:group]>", text: "User to run as (default: the step's)" },
    { name: "secret", value: "<id=…>", repeat: true, text: "Secret of the step; the store keeps no secrets" },
    ...OPTION_FLAGS.flatMap(([name, flag]) => (name === "isolation" ? [flag] : [])),
    ROOT_FLAG,
  ],
  after:
    "BUILD is an id, the beginning of one, or ^N for the Nth before the newest (default: ^0, the newest).\n" +
    "STEP is a number, a place such as 2/4, a line such as :12, a stage (its last step), or a part of the step's name (default: the step that failed, else the last one).\n" +
    "The command of a RUN is in /run/tsbuild/step. Exits with the code of the shell or of COMMAND.\n" +
    "Example: tsbuild debug -- sh /run/tsbuild/step",
};

export const command: Command = {
  async run(args, environment) {
    const at = args.indexOf("--");
    const words = at < 0 ? [] : args.slice(at + 1);
    const flags = parseFlags(SYNTAX, at < 0 ? args : args.slice(0, at));
    const root = storeRoot(environment, flags.one("root"));
    if (flags.has("list")) {
      const steps = await environment.api.failedSteps(root);
      const rows = steps.map(({ name, build = "", failedAt }) => ({
        Build: build,
        Failed: age(new Date(failedAt).toISOString(), environment.now()),
        Step: printable(name),
      }));
      await print(environment.stdout, renderList(rows, COLUMNS, ["Build", "Failed", "Step"], undefined));
      return EXIT.success;
    }
    const raw = environment.stdin.isTTY === true && environment.stdout.isTTY === true;
    const [build, step] = flags.operands;
    const isolation = flags.one("isolation");
    const user = flags.one("user");
    const output = readOutput(environment);
    let release = (): void => {};
    try {
      const exit = await environment.api.debug({
        ...root,
        ...(build === undefined ? {} : { build }),
        ...(step === undefined ? {} : { step }),
        ...(isolation === undefined ? {} : { isolation: parseIsolation(isolation, "--isolation") }),
        ...(user === undefined ? {} : { user }),
        command: words,
        secrets: parseSecrets(flags.all("secret"), environment),
        input: environment.stdin,
        ...(raw && { terminal: terminalSize(environment) }),
        signal: output.signal,
        onOutput: output.write,
        onStart(started, found) {
          const lines = [...(words.length === 0 ? [greeting(found)] : []), ...missingMounts(found)];
          void printStderr(environment, lines.map((line) => `tsbuild: ${line}\n`).join(""));
          release = connectTerminal(environment, started, { raw });
        },
      });
      return "code" in exit ? exit.code : 128 + (constants.signals[exit.signal as NodeJS.Signals] ?? 0);
    } catch (error) {
      if (output.isGone()) return NO_READER;
      throw error;
    } finally {
      release();
    }
  },
};

/** Returns the first line of a shell. */
function greeting({ name, command, failedAt }: StepStateSummary): string {
  const state = `${printable(name)}, ${failedAt === undefined ? "as it ended" : "as it failed"}`;
  return command.length === 0 ? state : `${state}. "sh /run/tsbuild/step" runs its command`;
}

function missingMounts({ missing }: StepStateSummary): readonly string[] {
  return missing.length === 0 ? [] : [`not there, as their files are gone: the mounts at ${missing.map(printable).join(", ")}`];
}
