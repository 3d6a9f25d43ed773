import { busyboxSuite } from "../../support/images/busybox-suite.js";
import { Rig } from "../../support/rigs/rig.js";
import { playScenario, readScenario, scenarioNames } from "../../support/rigs/scenario.js";

// Every folder of test/e2e/cases, built by the installed command from a base image in a registry on
// loopback.

const { serial, host } = busyboxSuite();

for (const name of scenarioNames()) {
  serial(`${name}: ${readScenario(name).description}`, async (t) => {
    const rig = new Rig();
    try {
      await playScenario(t, rig, name, host());
    } finally {
      await rig.dispose();
    }
  });
}
