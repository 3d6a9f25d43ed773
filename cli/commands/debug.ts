import { constants } from "node:os";
import { parseSecrets } from "../../api/texts/secrets.js";
import { printable } from "../../core/text/printable.js";
import { type Command, print, printStderr, storeRoot } from "../environment.js";
import { age } from "../output/age.js";
import { connectTerminal, NO_READER, readOutput, terminalSize } from "../prompts/raw-terminal.js";
import { type CommandSyntax, parseFlags, ROOT_FLAG } from "../syntax/flags.js";

const SYNTAX: CommandSyntax = {
  name: "debug",
  summary: "Open a shell in a step that failed, as it was",
  operands: "[STEP] [-- COMMAND…]",
  count: [0, 1],
  flags: [
    { name: "list", text: "List the steps that failed and are kept" },
    { name: "user", short: "u", value: "<user[:group]>", text: "User in the place of the step's" },
    { name: "secret", value: "<id=…>", repeat: true, text: "Secret of the step, which is never kept" },
    ROOT_FLAG,
  ],
  after:
    "STEP is a number of --list, or a part of a step's name (default: the newest).\n" +
    "The step's command is in /run/tsbuild/step. The exit code is that of the shell or of COMMAND.\n" +
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
      const lines = steps.map(
        ({ name, failedAt }, index) => `${index + 1}  ${age(new Date(failedAt).toISOString(), environment.now())}  ${printable(name)}\n`,
      );
      await print(environment.stdout, lines.join(""));
      return 0;
    }
    const raw = environment.stdin.isTTY === true && environment.stdout.isTTY === true;
    const [step] = flags.operands;
    const user = flags.one("user");
    const output = readOutput(environment);
    let release = (): void => {};
    try {
      const exit = await environment.api.debug({
        ...root,
        ...(step === undefined ? {} : { step }),
        ...(user === undefined ? {} : { user }),
        command: words,
        secrets: parseSecrets(flags.all("secret"), environment),
        input: environment.stdin,
        ...(raw && { terminal: terminalSize(environment) }),
        signal: output.signal,
        onOutput: output.write,
        onStart(started, { name }) {
          if (words.length === 0)
            void printStderr(environment, `tsbuild: ${printable(name)}, as it failed. "sh /run/tsbuild/step" runs its command\n`);
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
