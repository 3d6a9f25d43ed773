import { busyboxSuite } from "../../support/images/busybox-suite.js";
import { withoutNamespaces } from "../../support/requires.js";
import { Rig } from "../../support/rigs/rig.js";
import { playScenario, readScenario, scenarioNames } from "../../support/rigs/scenario.js";

// Every folder of test/e2e/cases, built by the installed command from a base image in a registry on
// loopback.

const { serial, requiring, host } = busyboxSuite();
/** Cases that show what namespaces keep apart. */
const WITH_NAMESPACES: ReadonlySet<string> = new Set(["sandbox"]);

for (const name of scenarioNames()) {
  const declare = WITH_NAMESPACES.has(name) ? requiring(withoutNamespaces()) : serial;
  declare(`${name}: ${readScenario(name).description}`, async (t) => {
    const rig = new Rig();
    try {
      await playScenario(t, rig, name, host());
    } finally {
      await rig.dispose();
    }
  });
}
