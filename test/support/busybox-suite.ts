import test from "ava";
import { missingForBusybox, startBusyboxRegistry } from "./base-image.js";
import type { RealRegistry } from "./registry.js";
import { Rig } from "./rig.js";

/** What the tests of one file share: a registry with a busybox base, started before them and stopped after them. */
export interface BusyboxSuite {
  /** `test.serial`, or its skipping form where the machine lacks a program; which one is logged. */
  readonly serial: typeof test.serial | typeof test.serial.skip;
  /** Host and port; only inside tests. */
  readonly host: () => string;
}

/** Registers the hooks in the test file that calls it. */
export function busyboxSuite(): BusyboxSuite {
  const missing = missingForBusybox();
  let registry: RealRegistry | undefined;
  test.before(async (t) => {
    if (missing === undefined) registry = await startBusyboxRegistry();
    else t.log(`skipped: ${missing} is not installed`);
  });
  test.after.always(() => registry?.stop());
  return {
    serial: missing === undefined ? test.serial : test.serial.skip,
    host: () => {
      if (!registry) throw new Error("the registry runs only while tests do");
      return registry.host;
    },
  };
}

/** A rig of its own for `body`; it is disposed of in every case. */
export async function withRig(body: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = new Rig();
  try {
    await body(rig);
  } finally {
    await rig.dispose();
  }
}

/** Ends when none of the rig's processes and mounts is left, or gives what is left after `patience` milliseconds. */
export async function gone(rig: Rig, patience: number): Promise<readonly string[]> {
  for (const end = performance.now() + patience; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (rig.leftovers().length === 0) return [];
  }
  return rig.leftovers();
}
