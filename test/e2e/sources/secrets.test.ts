import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { missingForBusybox, startBusyboxRegistry } from "../../support/images/base-image.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import type { RealRegistry } from "../../support/servers/registry.js";
import { notInstalled, requires } from "../../support/requires.js";
import { built, refused, rig } from "./sources-rig.js";

const missing = missingForBusybox();
const withBase = requires(notInstalled(missing)).serial;
let registry: RealRegistry;

test.before(async () => {
  if (missing === undefined) registry = await startBusyboxRegistry();
});

test.after.always(async () => {
  await registry?.stop();
});

withBase("secrets: in files and variables of a step, and nowhere else", async (t) => {
  const secret = "correct-horse-battery\n";
  writeFileSync(rig.path("token"), secret);
  const context = rig.context("secrets", {
    Dockerfile: `ARG REGISTRY
FROM $REGISTRY/busybox
RUN --mount=type=secret,id=token,required --mount=type=secret,id=named,env=NAMED --mount=type=secret,id=other,target=/etc/other,mode=0440,uid=5 \\
  stat -c '%a %u %n' /run/secrets/token /etc/other > /seen; cat /run/secrets/token; echo "is $NAMED" >&2; printf '%s' "$NAMED" | wc -c >> /seen
RUN test ! -e /run/secrets/token && test ! -e /etc/other && test -z "$NAMED"
`,
  });
  const secrets = (value: string) => [
    "--secret",
    `id=token,src=${rig.path("token")}`,
    "--secret",
    "id=named,env=VALUE",
    "--secret",
    `id=other,src=${rig.path("token")}`,
    "--build-arg",
    `REGISTRY=${registry.host}`,
    value,
  ];
  const { ended, tar } = await built(t, secrets(context), { env: { VALUE: "p4ssw0rd-value" } });
  t.is(await rig.tarFile(tar, "seen"), "400 0 /run/secrets/token\n440 5 /etc/other\n14\n");
  t.regex(ended.stderr, /\d \*\*\*\*\n/);
  t.regex(ended.stderr, /is \*\*\*\*\n/);
  t.notRegex(ended.stderr, /battery|p4ssw0rd/);
  const found = await rig.spawn("grep", ["-rlaE", "battery|p4ssw0rd-value", rig.store]).ended;
  t.is(found.stdout.toString("utf8"), "", "nothing in the store");
  const other = await built(t, secrets(context), { env: { VALUE: "another" } });
  t.deepEqual(instructionSteps(other.ended.stderr).DONE, [], "values are in no key");
  t.regex(
    await refused(t, ["--no-cache", "--build-arg", `REGISTRY=${registry.host}`, context]),
    /error\[build\/secret-not-found\]: Cannot run the step: secret "token" is required/,
  );
  t.regex(await refused(t, ["--secret", "id=x,src=/nonexistent", context]), /error\[secret\/unreadable\]/);
  t.regex(await refused(t, ["--secret", "id=x,env=UNSET_VARIABLE", context]), /error\[secret\/variable-not-set\]/);
  writeFileSync(rig.path("big"), Buffer.alloc(600 * 1024));
  t.regex(await refused(t, ["--secret", `id=x,src=${rig.path("big")}`, context]), /error\[secret\/too-large\]/);
  t.is(readFileSync(rig.path("token"), "utf8"), secret);
});
