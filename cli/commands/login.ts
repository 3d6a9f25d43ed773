import { noTerminal, twoPasswords, noPassword, noUserName, stdinWithoutUser } from "./errors.js";
import { printable } from "../../core/text/printable.js";
import { text } from "node:stream/consumers";
import type { LoginResult } from "../../api/image-store/registry-login.js";
import { CanceledError, TsbuildError } from "../../core/errors.js";
import { type CliEnvironment, type Command, print, printStderr } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";
import { Prompt } from "../prompts/prompt.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "login",
        summary: "Keep credentials for a registry",
        operands: "[SERVER]",
        count: [0, 1],
        flags: [
          { name: "username", short: "u", value: "<user>", text: "User name (default: asks at a terminal)" },
          {
            name: "password",
            short: "p",
            value: "<password>",
            text: "Password; other processes of this machine can read it there, so prefer --password-stdin",
          },
          { name: "password-stdin", text: "Read the password from the standard input" },
        ],
        after: `SERVER is a host[:port] (default: Docker Hub). The credentials are tried first, and then kept in docker's config.json
($DOCKER_CONFIG, else ~/.docker), or with the credential helper that is named there. docker, podman and skopeo find them, and docker's are found here.`,
      },
      args,
    );
    const [server] = flags.operands;
    const common = { env: environment.env, signal: environment.signal, ...(server === undefined ? {} : { registry: server }) };
    const prompt = new Prompt(environment);
    const given = await readCredentials(flags, environment);
    if (given.username === undefined && given.password === undefined) {
      const before = await tryExisting(() => environment.api.login(common), environment);
      if (before) return succeeded(before, environment);
    }
    const credentials = await completeCredentials(given, prompt, environment);
    return succeeded(await environment.api.login({ ...common, credentials }), environment);
  },
};

interface Given {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

async function readCredentials(flags: ParsedFlags, environment: CliEnvironment): Promise<Given> {
  const username = flags.one("username");
  const password = flags.one("password");
  if (!flags.has("password-stdin")) {
    if (password !== undefined)
      await printStderr(environment, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    return { username, password };
  }
  if (password !== undefined) throw twoPasswords();
  if (username === undefined) throw stdinWithoutUser();
  // The password does not include the line end that `echo` and files add, as with docker.
  return { username, password: (await text(environment.stdin)).replace(/\r?\n$/, "") };
}

/** Asks for missing credentials. */
async function completeCredentials(given: Given, prompt: Prompt, environment: CliEnvironment) {
  const needed = given.username === undefined ? "a user name" : given.password === undefined ? "a password" : undefined;
  if (needed !== undefined && !environment.stdin.isTTY) {
    throw noTerminal(needed);
  }
  const username = given.username ?? (await prompt.ask("Username: ")).trim();
  if (username === "") throw noUserName();
  const password = given.password ?? (await prompt.ask("Password: ", { hidden: true }));
  if (password === "") throw noPassword();
  return { username, password };
}

/** Tries existing credentials. Without a terminal to ask at, their failure is the result. */
async function tryExisting(login: () => Promise<LoginResult>, environment: CliEnvironment): Promise<LoginResult | undefined> {
  try {
    const result = await login();
    await printStderr(environment, "Authenticating with existing credentials...\n");
    return result;
  } catch (error) {
    const code = error instanceof TsbuildError && !(error instanceof CanceledError) ? error.code : undefined;
    if (code === "registry/no-credentials") return undefined;
    if (code !== "registry/login-refused" || !environment.stdin.isTTY) throw error;
    await printStderr(environment, `The credentials that are kept do not work any more: ${printable((error as TsbuildError).message)}\n`);
    return undefined;
  }
}

async function succeeded({ kept }: LoginResult, environment: CliEnvironment): Promise<number> {
  if (kept?.kind === "file") {
    await printStderr(
      environment,
      `WARNING! Your credentials are stored unencrypted in '${kept.path}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/
`,
    );
  }
  await print(environment.stdout, "Login Succeeded\n");
  return EXIT.success;
}
