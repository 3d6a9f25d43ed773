import { parseIsolation } from "../../api/options/isolation.js";
import { parseSecrets } from "../../api/texts/secrets.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { printable } from "../../core/text/printable.js";
import { type CliEnvironment, type Command, print, printStderr, storeRoot } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { age } from "../output/age.js";
import { renderList } from "../output/list-format.js";
import { OPTION_FLAGS } from "../syntax/build-flags.js";
import { flagsExclude, noOperandsWith } from "../syntax/errors.js";
import { type CommandSyntax, type ParsedFlags, parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { openShell } from "./debug-shell.js";

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
    { name: "export", value: "<file>", text: "Write the state of the step to a file instead, for another machine", notEmpty: true },
    { name: "import", value: "<file>", text: "Open the state in a file that --export wrote", notEmpty: true },
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
    const [first, second] = ["list", "export", "import"].filter((name) => flags.has(name));
    if (first !== undefined && second !== undefined) throw flagsExclude(first, second);
    if (flags.has("list")) return await listSteps(flags, environment);
    const dest = flags.one("export");
    if (dest !== undefined) return await exportTo(hostPath(environment, dest), flags, environment);
    const source = flags.one("import");
    if (source !== undefined && flags.operands.length > 0) throw noOperandsWith("import");
    const root = storeRoot(environment, flags.one("root"));
    const user = flags.one("user");
    const isolation = flags.one("isolation");
    const wanted =
      source === undefined
        ? wantedStep(flags)
        : { build: (await environment.api.importStep(hostPath(environment, source), { ...root, signal: environment.signal })).build };
    return await openShell(
      {
        ...root,
        ...wanted,
        ...(isolation === undefined ? {} : { isolation: parseIsolation(isolation, "--isolation") }),
        ...(user === undefined ? {} : { user }),
        command: words,
        secrets: parseSecrets(flags.all("secret"), environment),
      },
      environment,
    );
  },
};

function wantedStep({ operands: [build, step] }: ParsedFlags): { readonly build?: string; readonly step?: string } {
  return { ...(build === undefined ? {} : { build }), ...(step === undefined ? {} : { step }) };
}

async function listSteps(flags: ParsedFlags, environment: CliEnvironment): Promise<number> {
  const steps = await environment.api.failedSteps(storeRoot(environment, flags.one("root")));
  const rows = steps.map(({ name, build = "", failedAt }) => ({
    Build: build,
    Failed: age(new Date(failedAt).toISOString(), environment.now()),
    Step: printable(name),
  }));
  await print(environment.stdout, renderList(rows, COLUMNS, ["Build", "Failed", "Step"], undefined));
  return EXIT.success;
}

async function exportTo(dest: string, flags: ParsedFlags, environment: CliEnvironment): Promise<number> {
  const root = storeRoot(environment, flags.one("root"));
  const { name } = await environment.api.exportStep({ ...root, ...wantedStep(flags), dest, signal: environment.signal });
  await printStderr(environment, `tsbuild: ${printable(name)} is in ${printable(dest)}\n`);
  return EXIT.success;
}
