import { noUserName } from "./errors.js";
import { parseRegistry } from "../../oci/reference.js";
import type { CredentialPlace } from "../../oci/registry/credential-types.js";

export interface LoginOptions {
  /** Host as in references, or an address. Default: Docker Hub. */
  readonly registry?: string;
  /** Credentials. Default: the stored ones of the registry are tried again. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Environment. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export interface LoginResult {
  /** Host as in references. */
  readonly registry: string;
  /** Place where the credentials are stored now; undefined when they were there before. */
  readonly kept: CredentialPlace | undefined;
}

export interface LogoutResult {
  /** Name of the registry in docker's configuration. */
  readonly server: string;
  /** False when there were none. */
  readonly removed: boolean;
}

/**
 * Tries credentials at a registry and, when it accepts them, keeps them as `docker login` does: in
 * docker's `config.json`, or with the helper that it names. Throws `registry/login-refused`,
 * `registry/no-credentials`, `registry/config-invalid`, `registry/helper-failed` and the errors of
 * requests to registries.
 */
export async function login(options: LoginOptions): Promise<LoginResult> {
  const registry = parseRegistry(options.registry ?? "docker.io");
  const env = options.env ?? process.env;
  const { dockerCredentials, keepCredentials } = await import("../../oci/registry/credentials.js");
  const { checkCredentials } = await import("../../oci/registry/login.js");
  const { credentials, signal } = options;
  if (credentials === undefined) {
    const stored = await dockerCredentials(env).find(registry);
    if (stored === undefined) {
      throw noUserName(registry);
    }
    await checkCredentials(registry, stored, { env, signal });
    return { registry, kept: undefined };
  }
  const { username } = credentials;
  const proven = await checkCredentials(registry, { kind: "basic", ...credentials }, { env, signal });
  return { registry, kept: await keepCredentials(registry, proven, { username, env }) };
}

/** Removes the credentials of a registry. */
export async function logout(options: Pick<LoginOptions, "registry" | "env">): Promise<LogoutResult> {
  const registry = parseRegistry(options.registry ?? "docker.io");
  const { forgetCredentials } = await import("../../oci/registry/credentials.js");
  const { serverName } = await import("../../oci/registry/docker-config.js");
  return { server: serverName(registry), removed: await forgetCredentials(registry, options.env ?? process.env) };
}
