import { secretNotText, secretNotProvided } from "./errors.js";
import type { ExecOp } from "../../llb/ops.js";
import type { Secrets } from "../ports.js";

/**
 * Secrets that a step sees. Values exist here and in the sandbox only: keys, layers, history and
 * records hold ids.
 */
interface StepSecrets {
  /** `NAME=value` of `RUN --mount=type=secret,env=NAME`. */
  readonly env: readonly string[];
  /** Every value that the step sees, in a file or a variable. */
  readonly values: readonly Uint8Array[];
}

/**
 * Reads the secrets that a step asks for. Throws `build/secret-not-found` for a required one that
 * the build was not given.
 */
export async function stepSecrets(op: ExecOp, secrets: Pick<Secrets, "value">): Promise<StepSecrets> {
  const values: Uint8Array[] = [];
  for (const mount of op.mounts) {
    const value = mount.type === "secret" ? await secretValue(mount, secrets) : undefined;
    if (value) values.push(value);
  }
  const env: string[] = [];
  for (const variable of op.secretEnv ?? []) {
    const value = await secretValue(variable, secrets);
    if (!value) continue;
    if (value.includes(0)) throw secretNotText(variable);
    values.push(value);
    env.push(`${variable.name}=${Buffer.from(value).toString("utf8")}`);
  }
  return { env, values };
}

/** Returns the value of a secret; undefined for an optional one that the build was not given. */
export async function secretValue(
  secret: { readonly id: string; readonly optional: boolean },
  secrets: Pick<Secrets, "value">,
): Promise<Uint8Array | undefined> {
  const value = await secrets.value(secret.id);
  if (value || secret.optional) return value;
  throw secretNotProvided(secret);
}
