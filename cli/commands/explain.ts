import type { RecordedBuild, RecordedStep } from "../../api/build-record.js";
import { age } from "../age.js";
import { type Command, print, withHistory } from "../environment.js";
import { EXIT, UsageError } from "../exit-codes.js";
import { explanationLine } from "../explanation.js";
import { parseFlags, ROOT_FLAG } from "../flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "explain",
        summary: "Say why each step of a build ran, or what it was cached from",
        operands: "[BUILD] [STEP]",
        count: [0, 2],
        flags: [
          { name: "format", value: "<format>", choices: ["text", "json"], text: "text (the default) or json" },
          { name: "all", short: "a", text: "Base images and the builder's own steps, too" },
          ROOT_FLAG,
        ],
        after:
          "BUILD is an id, the beginning of one, or ^N for the Nth before the newest (default: ^0, the newest).\n" +
          "STEP is a number, a place such as 2/4, or a part of the step's name.",
      },
      args,
    );
    const [ref, wanted] = flags.operands;
    if (ref === "") throw new UsageError("cli/bad-value", "Cannot explain a build without a name");
    return withHistory(environment, flags.one("root"), async (history) => {
      const build = history.get(ref);
      const steps =
        wanted === undefined ? build.stepList.filter(({ name }) => flags.has("all") || isInstruction(name)) : [history.step(build, wanted)];
      const text =
        flags.one("format") === "json"
          ? `${JSON.stringify({ build: build.id, createdAt: new Date(build.createdAt).toISOString(), context: build.context, steps: steps.map(plain) }, undefined, 2)}\n`
          : `${wanted === undefined ? headline(build, environment.now()) : ""}${steps.map(lines).join("")}`;
      await print(environment.stdout, text);
      return EXIT.success;
    });
  },
};

function headline(build: RecordedBuild, now: number): string {
  const how = build.status === "completed" ? "" : `, ${build.status}`;
  const when = age(new Date(build.createdAt).toISOString(), now);
  return `Build ${build.id} of ${build.context}, ${when}${how}: ${build.executed} ran, ${build.cached} cached\n`;
}

/** Steps that have results of their own: not the builder's, and not base images. */
function isInstruction(name: string): boolean {
  return /^\[(?!([\w./-]+ )?(internal|auth)\])[^\]]*\] (?!FROM )/.test(name);
}

function lines(step: RecordedStep): string {
  return `#${step.number} ${step.name}\n   ${why(step)}\n`;
}

function why({ explanation, status }: RecordedStep): string {
  if (explanation) return explanationLine(explanation);
  return status === "cached" ? "cached: not looked at, since what stands on it was found" : "of no cached result";
}

/** For programs: what is recorded, with the reason beside. */
function plain({ number, name, status, explanation }: RecordedStep): object {
  return { number, name, status, ...(explanation ? { explanation } : {}) };
}
