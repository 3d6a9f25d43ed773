import { noBuildNamed } from "./errors.js";
import type { RecordedBuild, RecordedStep } from "../../api/record/build-record.js";
import type { StepExplanation } from "../../core/events.js";
import { printable } from "../../core/text/printable.js";
import { age } from "../output/age.js";
import { type Command, print, withHistory } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { explanationLine } from "../output/explanation.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { jsonText } from "../../core/text/json-text.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "explain",
        summary: "Say why each step of a build ran, or what it was cached from",
        operands: "[BUILD] [STEP]",
        count: [0, 2],
        flags: [
          { name: "format", value: "<format>", choices: ["text", "json"], text: "Form of the output (default: text)" },
          { name: "all", short: "a", text: "Show base images and the builder's own steps as well" },
          ROOT_FLAG,
        ],
        after:
          "BUILD is an id, the beginning of one, or ^N for the Nth before the newest (default: ^0, the newest).\n" +
          "STEP is a number, a place such as 2/4, a line such as :12, a stage (its last step), or a part of the step's name.",
      },
      args,
    );
    const [ref, wanted] = flags.operands;
    if (ref === "") throw noBuildNamed();
    return withHistory(environment, flags.one("root"), async (history) => {
      const build = history.get(ref);
      const steps =
        wanted === undefined
          ? build.stepList.filter(({ step }) => flags.has("all") || step.kind === "instruction")
          : [history.step(build, wanted)];
      const explained = steps.map((step) => ({ step, explanation: history.explain(build, step) }));
      const text =
        flags.one("format") === "json"
          ? `${jsonText(forPrograms(build, explained), 2)}\n`
          : `${wanted === undefined ? headline(build, environment.now()) : ""}${explained.map(lines).join("")}`;
      await print(environment.stdout, text);
      return EXIT.success;
    });
  },
};

interface Explained {
  readonly step: RecordedStep;
  readonly explanation: StepExplanation | undefined;
}

function headline(build: RecordedBuild, now: number): string {
  const { id, context, createdAt, status, executed, cached, failed, canceled, failedStep } = build;
  const how = status === "completed" ? "" : `, ${status}`;
  const where = failedStep === undefined ? "" : ` at ${shortName(failedStep)}`;
  const counts = [
    `${executed} ran`,
    `${cached} cached`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(canceled > 0 ? [`${canceled} ${status === "interrupted" ? "not finished" : "canceled"}`] : []),
  ];
  return `Build ${id} of ${printable(context)}, ${age(new Date(createdAt).toISOString(), now)}${how}${where}: ${counts.join(", ")}\n`;
}

/** Characters of a step's name in the headline. */
const NAME_WIDTH = 60;

function shortName(name: string): string {
  const line = printable(name.replaceAll(/\s+/g, " "));
  return line.length > NAME_WIDTH ? `${line.slice(0, NAME_WIDTH - 1)}…` : line;
}

function lines({ step, explanation }: Explained): string {
  const lines = [ending(step), why(step, explanation)].filter((line) => line !== undefined);
  return `#${step.number} ${printable(step.name)}\n${lines.map((line) => `   ${line}\n`).join("")}`;
}

/** Returns how a step ended that neither completed nor was cached. */
function ending({ status, error }: RecordedStep): string | undefined {
  switch (status) {
    case "failed":
      return `failed: ${printable((error?.message ?? "").replaceAll(/\s*\n\s*/g, " "))}`;
    case "canceled":
      return "canceled";
    case "interrupted":
      return "did not end: the build was interrupted";
    case "completed":
    case "cached":
      return undefined;
  }
}

function why({ status }: RecordedStep, explanation: StepExplanation | undefined): string | undefined {
  if (explanation) return explanationLine(explanation);
  return status === "completed" ? "done in every build: there is nothing to cache" : undefined;
}

/** Returns the recorded build with the reason of each step, for programs. */
function forPrograms({ id, createdAt, context, status, failedStep }: RecordedBuild, steps: readonly Explained[]): object {
  return {
    build: id,
    createdAt: new Date(createdAt).toISOString(),
    context,
    status,
    ...(failedStep === undefined ? {} : { failedStep }),
    steps: steps.map(({ step: { number, name, status: ended, error }, explanation }) => ({
      number,
      name,
      status: ended,
      ...(error ? { error } : {}),
      ...(explanation ? { explanation } : {}),
    })),
  };
}
