import { noUserName } from "./errors.js";
import type { EventSink } from "../../core/events.js";
import { type OnWait, waitsOf } from "../../net/limits.js";
import { parseRegistry } from "../../oci/reference.js";
import type { CredentialPlace } from "../../oci/registry/credential-types.js";
import { runAsStep } from "../record/build-steps.js";

export interface LoginOptions {
  /** Host as in references, or an address. Default: Docker Hub. */
  readonly registry?: string;
  /** Credentials. Default: the stored ones of the registry are tried again. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Environment. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly onEvent?: EventSink;
}

export type LogoutOptions = Omit<LoginOptions, "credentials">;

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
  const { credentials } = options;
  return asStep(`log in to ${registry}`, options, async (waiting) => {
    if (credentials === undefined) {
      const stored = await dockerCredentials(env).find(registry, waiting);
      if (stored === undefined) throw noUserName(registry);
      await checkCredentials(registry, stored, { env, ...waiting });
      return { registry, kept: undefined };
    }
    const { username } = credentials;
    const proven = await checkCredentials(registry, { kind: "basic", ...credentials }, { env, ...waiting });
    return { registry, kept: await keepCredentials(registry, proven, { username, env, ...waiting }) };
  });
}

/** Removes the credentials of a registry. */
export async function logout(options: LogoutOptions): Promise<LogoutResult> {
  const registry = parseRegistry(options.registry ?? "docker.io");
  const { forgetCredentials } = await import("../../oci/registry/credentials.js");
  const { serverName } = await import("../../oci/registry/docker-config.js");
  const env = options.env ?? process.env;
  const removed = await asStep(`log out of ${registry}`, options, (waiting) => forgetCredentials(registry, { env, ...waiting }));
  return { server: serverName(registry), removed };
}

/** Runs work as a step, which shows the waits for servers and helpers. */
function asStep<T>(
  text: string,
  { signal, onEvent = () => undefined }: LogoutOptions,
  work: (waiting: { readonly signal: AbortSignal | undefined; readonly onWait: OnWait }) => Promise<T>,
): Promise<T> {
  return runAsStep({ kind: "internal", text }, onEvent, (step) => work({ signal, onWait: waitsOf(step) }));
}
