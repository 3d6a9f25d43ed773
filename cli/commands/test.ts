import { type Flag, GROUPS } from "../../api/options/option.js";
import { asCanceled } from "../../core/errors.js";
import { stageBuilds, stagesNamed } from "../bake/stages.js";
import { type TestOutcome, testReport } from "../bake/test-report.js";
import { type Command, print, printStderr, storeRoot } from "../environment.js";
import { EXIT, exitCodeOf } from "../exit-codes.js";
import { paintFor } from "../output/paint.js";
import { renderError } from "../output/render-error.js";
import { createReporter } from "../progress/create-reporter.js";
import { progressForm, terminal } from "../progress/form.js";
import { BUILD_FLAGS } from "../syntax/build-flags.js";
import { readBuildOptions, readInputs } from "../syntax/build-options.js";
import { type CommandSyntax, parseFlags, withoutFlags } from "../syntax/flags.js";
import { historyLimits } from "../syntax/history-limits.js";

/** Flags of `build` that say what becomes of a result: tests have none. */
const RESULTS: ReadonlySet<string> = new Set([
  "output",
  "push",
  "load",
  "tag",
  "iidfile",
  "metadata-file",
  "check",
  "call",
  "attest",
  "provenance",
  "sbom",
]);

/** Texts of flags that mean something else here. */
const TEXTS: Readonly<Record<string, Pick<Flag, "text">>> = {
  target: { text: "Stages to run, as names and patterns: 'lint,test-*' (default: test*)" },
  quiet: { text: "Show no progress" },
};

const SYNTAX: CommandSyntax = {
  name: "test",
  summary: "Run the stages whose name begins with test, and report which pass",
  operands: "PATH | URL",
  count: [1, 1],
  flags: [
    {
      name: "report",
      value: "<form>",
      choices: ["tap", "junit"],
      text: "Form of the report on the standard output (default: tap)",
      group: GROUPS.output,
    },
    ...BUILD_FLAGS.filter(({ name }) => !RESULTS.has(name) && name !== "report").map((flag) => ({ ...flag, ...TEXTS[flag.name] })),
  ],
  after: "Exits with 1 when a stage fails.\nExample: tsbuild test --report=junit . > report.xml",
};

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(SYNTAX, args);
    const wide = withoutFlags(flags, RESULTS);
    const options = { ...readBuildOptions(wide, environment), ...(await readInputs(flags, environment)) };
    const stages = await stagesNamed((flags.one("target") ?? "test*").split(","), options, environment);
    const paint = paintFor(environment);
    const form = progressForm({ named: flags.one("progress"), quiet: flags.has("quiet") }, environment);
    const reporter = await createReporter(form, () => ({ stream: environment.stderr, paint, ...terminal(environment) }));
    const started = environment.now();
    const outcomes = new Map<string, TestOutcome>();
    try {
      await environment.api.buildTargets({
        ...storeRoot(environment, flags.one("root")),
        ...historyLimits(environment.env["TSBUILD_HISTORY"]),
        targets: stageBuilds(stages, { ...options, outputs: [{ type: "cacheonly" }] }),
        keepGoing: true,
        signal: environment.signal,
        onEvent: (event) => event.type !== "explained" && reporter.onEvent(event),
        onEnd: (name, outcome) => {
          outcomes.set(name, {
            name,
            seconds: (environment.now() - started) / 1000,
            error: "error" in outcome ? outcome.error : undefined,
          });
        },
      });
      if (environment.signal.aborted) throw environment.signal.reason;
    } catch (error) {
      reporter.finish();
      const shown = asCanceled(error, environment.signal);
      await printStderr(environment, renderError(shown, { paint, root: flags.one("root") }));
      return exitCodeOf(shown);
    }
    reporter.finish();
    const ended = stages.flatMap((name) => outcomes.get(name) ?? []);
    await print(environment.stdout, testReport(flags.one("report") === "junit" ? "junit" : "tap", ended));
    return ended.some(({ error }) => error !== undefined) ? EXIT.failure : EXIT.success;
  },
};
