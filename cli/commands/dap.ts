import { parseOutputs, usesStdout } from "../../api/texts/outputs.js";
import { editorWanted, protocolOutput } from "../dap/errors.js";
import type { Command } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { BUILD_FLAGS } from "../syntax/build-flags.js";
import { readBuildOptions, readInputs } from "../syntax/build-options.js";
import { type CommandSyntax, parseFlags, withoutFlags } from "../syntax/flags.js";

/** Flags of `build` for a display, which an editor replaces, and for steps that run again. */
const OTHERS: ReadonlySet<string> = new Set([
  "builder",
  "check",
  "call",
  "iidfile",
  "load",
  "metadata-file",
  "no-cache",
  "no-cache-filter",
  "on-error",
  "progress",
  "quiet",
  "report",
]);

const SYNTAX: CommandSyntax = {
  name: "dap",
  summary: "Let an editor debug a build, by the Debug Adapter Protocol",
  operands: "[PATH | URL]",
  count: [0, 1],
  flags: BUILD_FLAGS.filter(({ name }) => !OTHERS.has(name)),
  after:
    "An editor starts it, and speaks on its standard input and output.\n" +
    "A launch configuration may set dockerfile, contextPath, target and stopOnEntry.",
};

export const command: Command = {
  async run(args, environment) {
    const flags = withoutFlags(parseFlags(SYNTAX, args), OTHERS);
    if (environment.stdin.isTTY === true) throw editorWanted();
    const outputs = parseOutputs(flags.all("output"), { push: flags.has("push"), load: false }, environment);
    if (usesStdout(outputs)) throw protocolOutput();
    // A builder elsewhere does not stop between its steps.
    const { builders: _elsewhere, ...read } = readBuildOptions(flags, environment);
    const options = {
      ...read,
      ...(await readInputs(flags, environment)),
      ...(outputs.length > 0 ? { outputs } : {}),
    };
    const { BuildDebugSession } = await import("../dap/debug-session.js");
    const session = new BuildDebugSession({ options, environment });
    session.start(environment.stdin, environment.stdout);
    await session.closed;
    session.stop();
    return EXIT.success;
  },
};
