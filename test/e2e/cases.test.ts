import test from "ava";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBusyboxLayout, missingForBusybox, pushLayout } from "../support/base-image.js";
import { hasRegistry, type RealRegistry, startRegistry } from "../support/registry.js";
import { Rig } from "../support/rig.js";
import { playScenario, readScenario, scenarioNames } from "../support/scenario.js";

// Every folder of test/e2e/cases, built by the command as it is installed, from a base image in a registry on loopback.

const missing = missingForBusybox() ?? (hasRegistry ? undefined : "docker-registry");
let registry: RealRegistry;

test.before(async (t) => {
  if (missing !== undefined) return t.log(`skipped: ${missing} is not installed`);
  registry = await startRegistry();
  const layout = mkdtempSync(join(tmpdir(), "tsbuild-base-"));
  try {
    await makeBusyboxLayout(layout);
    await pushLayout(layout, `${registry.host}/busybox`);
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
});

test.after.always(() => registry?.stop());

for (const name of scenarioNames()) {
  (missing === undefined ? test.serial : test.serial.skip)(`${name}: ${readScenario(name).description}`, async (t) => {
    const rig = new Rig();
    try {
      await playScenario(t, rig, name, registry.host);
    } finally {
      await rig.dispose();
    }
  });
}
