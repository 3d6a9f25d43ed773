import { noAwsCredentials } from "./errors.js";
import type { TsbuildError } from "../../core/errors.js";
import { CanceledError, throwIfAborted } from "../../core/errors.js";
import { inHome } from "../../core/system/home.js";
import { unlessAborted } from "../../core/tasks/unless-aborted.js";
import type { Environment } from "../../net/proxy.js";
import { SdkHttp } from "./aws-http.js";
import type { CacheHttp, ServiceOptions } from "./http.js";
import type { AwsCredentials } from "./signature-v4.js";

/** Returns credentials that are valid now. */
export type CredentialsSource = (options: ServiceOptions) => Promise<AwsCredentials>;

/**
 * Finds the credentials for S3: the given ones, else `AWS_ACCESS_KEY_ID` and
 * `AWS_SECRET_ACCESS_KEY`, else those of Amazon's own chain. The chain knows profiles (keys, SSO,
 * an assumed role, a process), web identities, and the role of a container or an instance.
 * Credentials that expire are renewed.
 *
 * Note that we look at the given keys and the environment ourselves, because loading the chain
 * takes longer than the requests of a small cache.
 */
export function awsCredentials(given: Partial<AwsCredentials>, env: Environment, http: CacheHttp): CredentialsSource {
  const { accessKeyId, secretAccessKey, sessionToken } = given;
  if (accessKeyId && secretAccessKey) return async () => ({ accessKeyId, secretAccessKey, sessionToken });
  const [id, secret] = [env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]];
  if (id && secret) return async () => ({ accessKeyId: id, secretAccessKey: secret, sessionToken: env["AWS_SESSION_TOKEN"] || undefined });
  let sdk: SdkHttp | undefined;
  let chain: Promise<() => Promise<AwsCredentials>> | undefined;
  const failures = new ProcessFailures();
  return async (options) => {
    sdk ??= new SdkHttp(http, options);
    sdk.options = options;
    chain ??= sdkChain(env, sdk, failures);
    try {
      // Nobody can end a profile's process, which the chain has started.
      return await unlessAborted((await chain)(), options.signal);
    } catch (cause) {
      throwIfAborted(options.signal);
      if (cause instanceof CanceledError) throw cause;
      throw noCredentials(env, cause, failures.last);
    }
  };
}

/**
 * Loads the chain of Amazon's SDK. The chain remembers credentials until shortly before they
 * expire.
 */
async function sdkChain(env: Environment, requestHandler: SdkHttp, logger: ProcessFailures): Promise<() => Promise<AwsCredentials>> {
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  const [credentials, config] = [filePath(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), filePath(env, "AWS_CONFIG_FILE", "config")];
  const profile = env["AWS_PROFILE"];
  return defaultProvider({
    ...(profile && { profile }),
    filepath: credentials ?? NO_FILE,
    configFilepath: config ?? NO_FILE,
    ignoreCache: true,
    logger,
    clientConfig: { requestHandler },
  });
}

/**
 * The log of Amazon's SDK. Note that we read it, because the chain goes on to the next place when
 * the process of a profile fails, and ends with an error that does not say so.
 */
class ProcessFailures {
  /** Reason why the process of the profile gave no credentials. */
  last: string | undefined;

  debug(message: string): void {
    const failure = FAILURE.exec(message)?.[1];
    if (failure !== undefined) this.last = failure.trim().replaceAll(/\s*\n\s*/g, ": ");
  }

  info(): void {}
  warn(): void {}
  error(): void {}
}

const FAILURE = /-> (Command failed: .*|Profile \S+ credential_process .*)$/s;

/**
 * Path in the place of the files of a user without a home, for whom the SDK would ask the system.
 */
const NO_FILE = "/dev/null";

function filePath(env: Environment, variable: string, name: string): string | undefined {
  return env[variable] || inHome(env, ".aws", name);
}

/**
 * Returns true when no credentials were found, or were looked for in the home of a user who has
 * none.
 */
function meansNoCredentials(cause: unknown): boolean {
  if (!(cause instanceof Error)) return true;
  return cause.message.startsWith("Could not load credentials from any") || cause.message.includes("uv_os_homedir");
}

function noCredentials(env: Environment, cause: unknown, failure: string | undefined): TsbuildError {
  const profile = env["AWS_PROFILE"] || "default";
  const file = filePath(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials") ?? "the file that AWS_SHARED_CREDENTIALS_FILE names";
  const why = failure ?? (meansNoCredentials(cause) ? undefined : (cause as Error).message);
  return noAwsCredentials(why === undefined ? "" : ` (${why})`, cause, profile, file);
}
