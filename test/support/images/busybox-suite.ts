import test from "ava";
import { missingForBusybox, missingForDebian, startBusyboxRegistry, withoutMirror } from "./base-image.js";
import type { RealRegistry } from "../servers/registry.js";
import { type Declare, notInstalled, requires } from "../requires.js";
import { Rig } from "../rigs/rig.js";
import { until } from "../until.js";

/**
 * Resources that the tests of one file share: a registry with a busybox base, started before them
 * and stopped after them.
 */
export interface BusyboxSuite {
  /** Declares a serial test, which is skipped by name where the machine lacks a program. */
  readonly serial: Declare["serial"];
  /** Declares serial tests that need something else, too. */
  readonly requiring: (...reasons: readonly (string | undefined)[]) => Declare["serial"];
  /** Host and port; only inside tests. */
  readonly host: () => string;
}

/** Registers the hooks in the test file that calls it. */
export function busyboxSuite(): BusyboxSuite {
  const missing = missingForBusybox();
  let registry: RealRegistry | undefined;
  test.before(async () => {
    if (missing === undefined) registry = await startBusyboxRegistry();
  });
  test.after.always(() => registry?.stop());
  return {
    serial: requires(notInstalled(missing)).serial,
    requiring: (...reasons) => requires(notInstalled(missing), ...reasons).serial,
    host: () => {
      if (!registry) throw new Error("the registry runs only while tests do");
      return registry.host;
    },
  };
}

/** Returns the reason where tests cannot build on a Debian (base-image.ts). */
export async function withoutDebian(): Promise<string | undefined> {
  return notInstalled(missingForDebian()) ?? (await withoutMirror());
}

/** Makes a rig for `body` and disposes of it in every case. */
export async function withRig(body: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = new Rig();
  try {
    await body(rig);
  } finally {
    await rig.dispose();
  }
}

/**
 * Waits until the rig has no leftovers but the `expected` ones. Resolves with the remaining ones.
 */
export async function gone(rig: Rig, expected: (line: string) => boolean = () => false): Promise<readonly string[]> {
  const left = () => rig.leftovers().filter((line) => !expected(line));
  await until(() => left().length === 0);
  return left();
}
