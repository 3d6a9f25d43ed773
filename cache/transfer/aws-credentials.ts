import { TsbuildError } from "../../core/errors.js";
import { inHome } from "../../core/home.js";
import { readRegularFile } from "../../core/regular-file.js";
import type { Environment } from "../../oci/http/proxy.js";
import type { AwsCredentials } from "./signature-v4.js";

/**
 * Credentials for S3: those given, else `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, else the profile `AWS_PROFILE` of the file
 * `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`).
 */
export function awsCredentials(given: Partial<AwsCredentials>, env: Environment): AwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken } = given;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken };
  const [id, secret] = [env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]];
  if (id && secret) return { accessKeyId: id, secretAccessKey: secret, sessionToken: env["AWS_SESSION_TOKEN"] || undefined };
  const file = env["AWS_SHARED_CREDENTIALS_FILE"] || inHome(env, ".aws", "credentials");
  const profile = env["AWS_PROFILE"] || "default";
  const found = file === undefined ? undefined : profileOf(file, profile);
  if (found) return found;
  throw new TsbuildError("cache/no-credentials", `Cannot use the S3 cache: there are no credentials`, {
    hint: `Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or put a profile "${profile}" into ${file ?? "the file that AWS_SHARED_CREDENTIALS_FILE names"}`,
  });
}

/** One section of an INI file. */
function profileOf(file: string, profile: string): AwsCredentials | undefined {
  let text: string;
  try {
    text = readRegularFile(file, 1 << 20).toString("utf8");
  } catch {
    return undefined;
  }
  const values = new Map<string, string>();
  let inside = false;
  for (const line of text.split(/\r?\n/)) {
    const [, section] = /^\s*\[([^\]]*)\]/.exec(line) ?? [];
    if (section !== undefined) inside = section.trim() === profile;
    const [, name, value] = /^\s*(aws_\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (inside && name !== undefined && value !== undefined) values.set(name, value);
  }
  const [accessKeyId, secretAccessKey] = [values.get("aws_access_key_id"), values.get("aws_secret_access_key")];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: values.get("aws_session_token") };
}
