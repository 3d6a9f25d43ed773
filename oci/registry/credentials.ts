import { noHome, badAuth } from "./errors.js";
import type { Environment } from "../../net/proxy.js";
import { CredentialHelper } from "./credential-helper.js";
import { type DockerConfig, dockerConfigPath, helperFor, readDockerConfig, keysOf, serverName, updateAuths } from "./docker-config.js";
import type { Credentials, CredentialSource, CredentialPlace, Waiting } from "./credential-types.js";

/**
 * Returns credentials from docker's `config.json` (`$DOCKER_CONFIG`, else `~/.docker`): from
 * `credHelpers`, then `credsStore`, then `auths`. Reads the file once.
 */
export function dockerCredentials(env: Environment): CredentialSource {
  const path = dockerConfigPath(env);
  let config: DockerConfig | undefined;
  return {
    async find(registry, options) {
      config ??= readDockerConfig(path);
      const helper = helperFor(config, registry);
      const found =
        helper === undefined ? undefined : await new CredentialHelper({ name: helper, env, ...options }).get(serverName(registry));
      return found ?? fromAuths(config, registry, path);
    },
  };
}

/**
 * Keeps credentials for a registry as `docker login` does: with the helper that is configured for
 * it, else in `auths`. `username` is shown beside an identity token. Returns the place.
 */
export async function keepCredentials(
  registry: string,
  credentials: Credentials,
  { username, env, ...waiting }: Waiting & { readonly username: string; readonly env: Environment },
): Promise<CredentialPlace> {
  const path = dockerConfigPath(env);
  if (path === undefined) {
    throw noHome();
  }
  const name = helperFor(readDockerConfig(path), registry);
  const key = serverName(registry);
  if (name !== undefined) {
    const helper = new CredentialHelper({ name, env, ...waiting });
    await helper.store(key, credentials);
    // An empty entry, as docker leaves it: programs list the registries of a helper by these
    // entries.
    updateAuths(path, (auths) => ({ ...withoutRegistry(auths, registry), [key]: {} }));
    return { kind: "helper", program: helper.program };
  }
  const password = credentials.kind === "basic" ? credentials.password : "";
  const entry = {
    auth: Buffer.from(`${username}:${password}`).toString("base64"),
    ...(credentials.kind === "identity-token" ? { identitytoken: credentials.token } : {}),
  };
  updateAuths(path, (auths) => ({ ...withoutRegistry(auths, registry), [key]: entry }));
  return { kind: "file", path };
}

/**
 * Removes the credentials of a registry, under all its spellings, from the helper and from `auths`.
 * Returns true when there were any.
 */
export async function forgetCredentials(registry: string, { env, ...waiting }: Waiting & { readonly env: Environment }): Promise<boolean> {
  const path = dockerConfigPath(env);
  if (path === undefined) return false;
  const config = readDockerConfig(path);
  const name = helperFor(config, registry);
  const key = serverName(registry);
  let found = false;
  if (name !== undefined) {
    const helper = new CredentialHelper({ name, env, ...waiting });
    found = (await helper.get(key)) !== undefined;
    if (found) await helper.erase(key);
  }
  if (keysOf(registry, config.auths).length === 0) return found;
  updateAuths(path, (auths) => withoutRegistry(auths, registry));
  return true;
}

function withoutRegistry<T>(auths: Readonly<Record<string, T>>, registry: string): Readonly<Record<string, T>> {
  const keys = keysOf(registry, auths);
  return Object.fromEntries(Object.entries(auths).filter(([key]) => !keys.includes(key)));
}

function fromAuths(config: DockerConfig, registry: string, path = "config.json"): Credentials | undefined {
  for (const key of keysOf(registry, config.auths)) {
    const entry = config.auths?.[key];
    if (!entry) continue;
    if (entry.identitytoken) return { kind: "identity-token", token: entry.identitytoken };
    if (typeof entry.auth === "string" && entry.auth !== "") {
      const text = Buffer.from(entry.auth, "base64").toString("utf8");
      const colon = text.indexOf(":");
      if (colon <= 0) {
        throw badAuth(key, path);
      }
      // Some programs end the text with NUL bytes.
      return { kind: "basic", username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
    }
    if (entry.username) return { kind: "basic", username: entry.username, password: entry.password ?? "" };
  }
  return undefined;
}
