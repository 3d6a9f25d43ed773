import assert from "node:assert/strict";
import { TsbuildError } from "../../../core/errors.js";
import type { SandboxMount } from "../../../executor-native/contract.js";
import type { Tier } from "../../../executor-native/tier.js";
import type { SandboxRig } from "../../support/rigs/sandbox-rig.js";

export interface Case {
  readonly name: string;
  /**
   * Tiers where it fails, each with the row of the tables in `docs/sandbox.md` that says so.
   */
  readonly differs?: Partial<Readonly<Record<Exclude<Tier, "namespaces">, string>>>;
  readonly run: (rig: SandboxRig) => Promise<void>;
}

/** Returns what differs in the same way in both tiers without namespaces. */
export function withoutNamespaces(row: string): Required<Case>["differs"] {
  return { chroot: row, supervised: row };
}

/**
 * Runs cases, and returns the failures: `{name: message}`. A case that differs in this tier has
 * to fail, so that no table says more than is true.
 */
export async function runCases(rig: SandboxRig, cases: readonly Case[]): Promise<Readonly<Record<string, string>>> {
  const failures: Record<string, string> = {};
  for (const { name, differs, run } of cases) {
    const row = rig.tier === "namespaces" ? undefined : differs?.[rig.tier];
    try {
      await run(rig);
      if (row !== undefined) failures[name] = `It works here, but "${row}" is said to differ`;
    } catch (error) {
      if (row === undefined) failures[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }
  return failures;
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
