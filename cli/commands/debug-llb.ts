import { hostPath } from "../../api/texts/surroundings.js";
import { BUILD_OPTIONS } from "../../api/options/table.js";
import { checkFileDestination } from "../../core/system/destination.js";
import { printableLines } from "../../core/text/printable.js";
import { type CliEnvironment, type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { readBuildOptions, readInputs } from "../syntax/build-options.js";
import { jsonText } from "../../core/text/json-text.js";
import { BUILD_FLAGS } from "../syntax/build-flags.js";
import { type CommandSyntax, parseFlags } from "../syntax/flags.js";
import { writeResult } from "../syntax/result-files.js";
import { severalGraphs } from "./errors.js";

/** Flags that change the graph beside those that select the Dockerfile. */
const SHAPING: readonly string[] = ["network", "add-host", "shm-size", "ulimit", "no-cache", "no-cache-filter"];

const SELECTING: readonly string[] = Object.values(BUILD_OPTIONS).flatMap(({ checked, flag }) => (checked && flag ? [flag.name] : []));

const SYNTAX: CommandSyntax = {
  name: "debug llb",
  summary: "Show the graph that a build would solve, or write it for BuildKit",
  operands: "[PATH | URL | -]",
  count: [0, 1],
  flags: [
    { name: "format", value: "<form>", choices: ["text", "json", "dot"], text: "Form of the graph (default: text)" },
    { name: "output", short: "o", value: "<file>", text: "Write the bytes of BuildKit's pb.Definition; - is the standard output" },
    // Other flags of a build may stay on the command line.
    ...BUILD_FLAGS.filter(({ name }) => name !== "output").map((flag) =>
      SHAPING.includes(flag.name) || SELECTING.includes(flag.name) ? flag : { ...flag, hidden: true },
    ),
  ],
  after:
    "Nothing is built. json and dot are the forms of buildctl debug dump-llb.\n" +
    "Example: tsbuild debug llb -o app.llb . && buildctl build --local context=. < app.llb",
};

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(SYNTAX, args);
    const options = { ...readBuildOptions(flags, environment), ...(await readInputs(flags, environment)) };
    const graph = await environment.api.buildGraph({ ...options, signal: environment.signal });
    const output = flags.one("output");
    if (output !== undefined) {
      const [platform = "", ...others] = graph.platforms;
      if (others.length > 0) throw severalGraphs(graph.platforms);
      await write(output, graph.definition(platform), environment);
      return EXIT.success;
    }
    const form = flags.one("format") ?? "text";
    if (form === "json") {
      const lines = graph.vertices().map((vertex) => `${jsonText(vertex)}\n`);
      await print(environment.stdout, lines.join(""));
    } else await print(environment.stdout, printableLines(form === "dot" ? graph.dot() : graph.text()));
    return EXIT.success;
  },
};

async function write(output: string, bytes: Uint8Array, environment: CliEnvironment): Promise<void> {
  if (output === "-") return print(environment.stdout, bytes);
  const path = hostPath(environment, output);
  checkFileDestination(path, " for --output");
  await writeResult(path, bytes, "output", environment);
}
