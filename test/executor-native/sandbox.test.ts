import { fileURLToPath } from "node:url";
import test from "ava";
import { ordinaryUser, reachableByAll, runAsUser } from "../support/as-user.js";
import { BUSYBOX, SandboxRig } from "../support/sandbox-rig.js";
import { CASES } from "./cases.js";

if (BUSYBOX === undefined) {
  test("sandbox", (t) => {
    t.log("skipped: no busybox on this machine (Debian: busybox-static)");
    t.pass();
  });
} else {
  let rig: SandboxRig;
  test.before(async () => {
    rig = await SandboxRig.open();
  });
  test.after.always(async () => await rig?.close());
  for (const { name, run } of CASES) {
    test.serial(name, async (t) => {
      await run(rig);
      t.pass();
    });
  }

  test.serial("the same as an ordinary user with subordinate ids", async (t) => {
    const script = fileURLToPath(new URL("cases-main.js", import.meta.url));
    const user = ordinaryUser();
    if ("reason" in user || !reachableByAll(script)) {
      t.log(`skipped: ${"reason" in user ? user.reason : `${script} cannot be reached by other users`}`);
      t.pass();
      return;
    }
    t.deepEqual(JSON.parse(await runAsUser(user, script)), {});
  });
}
