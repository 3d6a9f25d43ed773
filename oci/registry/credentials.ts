import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemErrorCode, TsbuildError } from "../../core/errors.js";
import type { Environment } from "../http/proxy.js";

/** How to log in to a registry. An identity token stands for a password in OAuth2 token requests. */
export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string };

/** Finds credentials for a registry host (`docker.io`, `localhost:5000`); undefined is anonymous. */
export interface CredentialSource {
  find(registry: string): Promise<Credentials | undefined>;
}

/** docker's config file stores Docker Hub under the address of its first API. */
const HUB_KEY = "https://index.docker.io/v1/";
/** A helper that hangs (waiting for a dialog nobody sees) must not hang the build. Milliseconds. */
const HELPER_TIMEOUT = 30_000;

interface DockerConfig {
  readonly auths?: Readonly<
    Record<string, { readonly auth?: string; readonly username?: string; readonly password?: string; readonly identitytoken?: string }>
  >;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** Credentials from docker's `config.json` (`$DOCKER_CONFIG`, else `~/.docker`): `credHelpers`, then `credsStore`, then `auths`. The file is read once. */
export function dockerCredentials(env: Environment): CredentialSource {
  const path = join(env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker"), "config.json");
  let config: DockerConfig | undefined;
  return {
    async find(registry) {
      config ??= readConfig(path);
      const keys = keysFor(registry);
      const helper = keys.map((key) => config?.credHelpers?.[key]).find((name) => name !== undefined) ?? config.credsStore;
      if (helper) {
        const found = await askHelper(helper, registry === "docker.io" ? HUB_KEY : registry, env);
        if (found) return found;
      }
      return fromAuths(config, keys, path);
    },
  };
}

function readConfig(path: string): DockerConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT" || systemErrorCode(cause) === "ENOTDIR") return {};
    throw new TsbuildError("registry/config-invalid", `Cannot read docker's configuration "${path}": ${(cause as Error).message}`, {
      cause,
    });
  }
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config;
  } catch (cause) {
    throw new TsbuildError("registry/config-invalid", `Cannot read docker's configuration "${path}": it is not JSON`, { cause });
  }
  throw new TsbuildError("registry/config-invalid", `Cannot read docker's configuration "${path}": it is not a JSON object`);
}

/** The spellings under which programs have stored one registry. */
function keysFor(registry: string): readonly string[] {
  const hosts = registry === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [registry];
  const spellings = hosts.flatMap((host) => [
    host,
    `https://${host}`,
    `https://${host}/`,
    `http://${host}`,
    `${host}/v1/`,
    `https://${host}/v1/`,
    `https://${host}/v2/`,
  ]);
  return registry === "docker.io" ? [HUB_KEY, ...spellings] : spellings;
}

function fromAuths(config: DockerConfig, keys: readonly string[], path: string): Credentials | undefined {
  for (const key of keys) {
    const entry = config.auths?.[key];
    if (!entry) continue;
    if (entry.identitytoken) return { kind: "identity-token", token: entry.identitytoken };
    if (entry.auth) {
      const text = Buffer.from(entry.auth, "base64").toString("utf8");
      const colon = text.indexOf(":");
      if (colon <= 0) {
        throw new TsbuildError(
          "registry/config-invalid",
          `Cannot use the entry "${key}" in "${path}": "auth" is not the base64 of user:password`,
          {
            hint: `Log in again: docker login ${key}`,
          },
        );
      }
      // Some programs end the text with NUL bytes.
      return { kind: "basic", username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
    }
    if (entry.username) return { kind: "basic", username: entry.username, password: entry.password ?? "" };
  }
  return undefined;
}

/** The credential-helper protocol: `docker-credential-NAME get`, the server's name on stdin, JSON on stdout. */
function askHelper(name: string, server: string, env: Environment): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const fail = (why: string, cause?: unknown): TsbuildError =>
    new TsbuildError("registry/helper-failed", `Cannot get credentials for ${server} from ${program}: ${why}`, {
      ...(cause === undefined ? {} : { cause }),
      hint: `Install ${program}, or remove it from docker's config.json ("credsStore", "credHelpers")`,
    });
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return Promise.reject(fail(`"${name}" is not a helper's name`));
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "pipe"], env, timeout: HELPER_TIMEOUT });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    // A PATH with folders that this user may not read answers EACCES for what is nowhere.
    const absent = (error: Error) => ["ENOENT", "EACCES"].includes(systemErrorCode(error) ?? "");
    child.on("error", (error) => reject(fail(absent(error) ? "the program is not in PATH, or may not be run" : error.message, error)));
    // A helper that ends without reading its input is judged by its exit code, not by the broken pipe.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${server}\n`);
    child.on("close", (code, signal) => {
      const text = Buffer.concat(out).toString("utf8").trim();
      if (code !== 0) {
        const said = text || Buffer.concat(err).toString("utf8").trim().slice(0, 200);
        // What every helper says when it simply has nothing for this server.
        if (/credentials not found|no credentials/i.test(said)) resolve(undefined);
        else reject(fail(said || (signal ? `it was ended by ${signal}` : `it ended with status ${code}`)));
        return;
      }
      try {
        const { Username, Secret } = JSON.parse(text) as { readonly Username?: unknown; readonly Secret?: unknown };
        if (typeof Username !== "string" || typeof Secret !== "string") throw new TypeError("no Username and Secret");
        resolve(
          Username === "<token>"
            ? { kind: "identity-token", token: Secret }
            : Username === "" && Secret === ""
              ? undefined
              : { kind: "basic", username: Username, password: Secret },
        );
      } catch (error) {
        reject(fail("its answer was not understood", error));
      }
    });
  });
}
