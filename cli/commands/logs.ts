import type { BuildHistoryStore, RecordedBuild, RecordedStep } from "../../api/record/build-record.js";
import { printable } from "../../core/text/printable.js";
import { type CliEnvironment, type Command, print, withHistory } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { logOutput } from "../output/log-output.js";
import { usageText } from "../output/usage.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "logs",
        summary: "Show what the steps of a build printed",
        operands: "[BUILD] [STEP]",
        count: [0, 2],
        flags: [
          { name: "progress", value: "<form>", choices: ["plain", "tty"], text: "For docker's sake: the form is plain", hidden: true },
          ROOT_FLAG,
        ],
        after:
          "BUILD is an id, the beginning of one, or ^N for the Nth before the newest (default: ^0, the newest).\n" +
          "STEP is a number, a place such as 2/4, a line such as :12, a stage (its last step), or a part of the step's name. Its output is printed byte for byte; a terminal gets it without control sequences other than colours.",
      },
      args,
    );
    const [ref, wanted] = flags.operands;
    return withHistory(environment, flags.one("root"), async (history) => {
      const build = history.get(ref);
      if (wanted === undefined) await showAll(history, build, environment);
      else await copy(history, build, history.step(build, wanted), environment);
      return EXIT.success;
    });
  },
};

/** Prints every step with its output, in the form of plain progress, one after the other. */
async function showAll(history: BuildHistoryStore, build: RecordedBuild, environment: CliEnvironment): Promise<void> {
  for (const step of build.stepList) {
    await print(environment.stdout, `#${step.number} ${printable(step.name)}\n`);
    if ((await copy(history, build, step, environment)) !== "\n") await print(environment.stdout, "\n");
    if (step.usage) await print(environment.stdout, `#${step.number} used ${usageText(step.usage)}\n`);
    await print(environment.stdout, `#${step.number} ${outcome(step)}\n\n`);
  }
}

/**
 * Prints the output of a step. Returns the last character that was printed, or a line end when
 * there was none.
 */
async function copy(history: BuildHistoryStore, build: RecordedBuild, step: RecordedStep, environment: CliEnvironment): Promise<string> {
  let last = "\n";
  const shown = logOutput(environment);
  const show = async (text: Uint8Array | string): Promise<void> => {
    if (text.length === 0) return;
    last = typeof text === "string" ? (text.at(-1) as string) : String.fromCharCode(text.at(-1) as number);
    await print(environment.stdout, text);
  };
  for await (const chunk of history.log(build.id, step.number) ?? []) await show(shown.write(chunk as Buffer));
  await show(shown.end());
  return last;
}

function outcome({ status, duration, error }: RecordedStep): string {
  switch (status) {
    case "cached":
      return "CACHED";
    case "canceled":
      return "CANCELED";
    case "interrupted":
      return "INTERRUPTED";
    case "failed":
      return `ERROR: ${printable(error?.message ?? "failed")}`;
    case "completed":
      return `DONE ${(duration / 1000).toFixed(1)}s`;
  }
}
