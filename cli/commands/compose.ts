import type { BuildOptions } from "../../api/options/options.js";
import { askConsent } from "../bake/consent.js";
import { runPlan } from "../bake/run-plan.js";
import { dockersCommand } from "../errors.js";
import { type CliEnvironment, type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { showWarnings } from "../progress/show-warnings.js";
import { COMPOSE_SYNTAX } from "../syntax/compose-flags.js";
import { dockerCommand } from "../syntax/docker-commands.js";
import { badSsh } from "../../api/texts/errors.js";
import { unusedBuilder } from "../syntax/docker-flags.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(COMPOSE_SYNTAX, args.length === 0 ? ["--help"] : args);
    const [subcommand = "", ...services] = flags.operands;
    const other = subcommand === "build" ? undefined : dockerCommand(["compose", subcommand]);
    if (other) throw dockersCommand(other, "");
    const file = await environment.api.readCompose({
      ...projectOf(flags, environment),
      services,
      withDependencies: flags.has("with-dependencies"),
      buildArgs: Object.fromEntries(flags.all("build-arg").map(buildArg)),
      ssh: sshOf(flags.one("ssh")),
      noCache: flags.has("no-cache"),
      pull: flags.has("pull"),
      push: flags.has("push"),
      check: flags.has("check"),
      ...text(flags, "provenance"),
      ...text(flags, "sbom"),
    });
    // The contexts of a project are read unasked, as by docker: they are what a build is of.
    const typed = Object.values(sshOf(flags.one("ssh"))).map((path) => (path === "" ? "ssh" : `fs.read=${path}`));
    const allow = [...flags.all("allow"), ...typed, `fs.read=${environment.cwd}`, ...file.contexts.map((path) => `fs.read=${path}`)];
    const consent = { allow, set: [], read: file.foundFiles };
    const shown = flags.has("print");
    // A directory that only `.env` leads to is not the user's choice.
    const chosen = isTyped(flags, environment) || !file.env["COMPOSE_FILE"];
    await askConsent(shown ? [] : file.targets, consent, { ...environment, cwd: chosen ? file.directory : environment.cwd });
    if (shown) {
      await showWarnings("plain", file.warnings, environment);
      await print(environment.stdout, `${file.json}\n`);
      return EXIT.success;
    }
    if (file.targets.length === 0) {
      await showWarnings("plain", file.warnings, environment);
      return EXIT.success;
    }
    const variables: Readonly<Record<string, string>> = file.env;
    return runPlan(
      {
        targets: file.targets,
        flags,
        call: { method: flags.has("check") ? "check" : "build", format: "text", ignoreStatus: false },
        warnings: [...unusedBuilder(flags, "tsbuild compose build", environment), ...file.warnings],
        refine: (options) => ({ ...options, ...secretsOf(options, variables, environment) }),
      },
      environment,
    );
  },
};

/** Returns true when the command line or its environment names the project. */
function isTyped(flags: ParsedFlags, { env }: CliEnvironment): boolean {
  return flags.all("file").length > 0 || flags.has("project-directory") || Boolean(env["COMPOSE_FILE"]);
}

function projectOf(flags: ParsedFlags, { stdin, cwd, env, signal }: CliEnvironment): Parameters<CliEnvironment["api"]["readCompose"]>[0] {
  const directory = flags.one("project-directory");
  const name = flags.one("project-name");
  return {
    files: flags.all("file"),
    stdin,
    directory: cwd,
    ...(directory === undefined ? {} : { projectDirectory: directory }),
    ...(name === undefined ? {} : { projectName: name }),
    envFiles: flags.all("env-file"),
    profiles: flags.all("profile"),
    compatibility: flags.has("compatibility"),
    env,
    signal,
  };
}

function buildArg(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Reads `--ssh`: `default`, or an id with the path of a socket or of keys. */
function sshOf(given: string | undefined): Record<string, string> {
  if (given === undefined) return {};
  const at = given.indexOf("=");
  if (at < 0 && given !== "default") throw badSsh(given, "an id other than default needs a path", `write ${given}=PATH`);
  return { [at < 0 ? given : given.slice(0, at)]: at < 0 ? "" : given.slice(at + 1) };
}

function text<Name extends string>(flags: ParsedFlags, name: Name): { readonly [N in Name]?: string } {
  const value = flags.one(name);
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]: string });
}

/** Gives secrets of the environment the values that `.env` has for them. */
function secretsOf(
  { secrets = {} }: BuildOptions,
  variables: Readonly<Record<string, string>>,
  { env }: CliEnvironment,
): Pick<BuildOptions, "secrets"> {
  const filled = Object.entries(secrets).map(([id, source]) => {
    const value = "env" in source && env[source.env] === undefined ? variables[source.env] : undefined;
    return [id, value === undefined ? source : { value }] as const;
  });
  return filled.length > 0 ? { secrets: Object.fromEntries(filled) } : {};
}
