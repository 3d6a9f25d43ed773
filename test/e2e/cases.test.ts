import test from "ava";
import { missingForBusybox, startBusyboxRegistry } from "../support/base-image.js";
import type { RealRegistry } from "../support/registry.js";
import { Rig } from "../support/rig.js";
import { playScenario, readScenario, scenarioNames } from "../support/scenario.js";

// Every folder of test/e2e/cases, built by the command as it is installed, from a base image in a registry on loopback.

const missing = missingForBusybox();
let registry: RealRegistry;

test.before(async (t) => {
  if (missing === undefined) registry = await startBusyboxRegistry();
  else t.log(`skipped: ${missing} is not installed`);
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
