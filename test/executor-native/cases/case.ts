import assert from "node:assert/strict";
import { TsbuildError } from "../../../core/errors.js";
import type { SandboxMount } from "../../../executor-native/contract.js";
import type { SandboxRig } from "../../support/rigs/sandbox-rig.js";

export interface Case {
  readonly name: string;
  readonly run: (rig: SandboxRig) => Promise<void>;
}

/** The exit of a command that went well. */
export const ok = { code: 0 };

/** Asserts that `action` fails with a TsbuildError of this code; returns it. */
export async function failsWith(code: string, action: Promise<unknown>): Promise<TsbuildError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TsbuildError, `expected a TsbuildError, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

/** Returns a secret file with this text. */
export function secret(dest: string, text: string): SandboxMount {
  return { type: "file", dest, data: Buffer.from(text).toString("base64"), uid: 0, gid: 0, mode: 0o400 };
}
