import test, { type ExecutionContext } from "ava";
import { type OrdinaryUser, ordinaryUser, userWithoutIds, whoCanReach } from "../../support/rigs/as-user.js";
import { missingForBusybox } from "../../support/images/base-image.js";
import { busyboxLayer } from "../../support/images/layered-layout.js";
import { type Builder, withOwnershipMachine } from "../../support/rigs/ownership-machine.js";
import { notInstalled, reasonIn, requires, withoutRoot } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";

// Device nodes that steps make: in the layers, in every tier the same, and never on the disk.

const missing = missingForBusybox();
const withRange = whoCanReach(ordinaryUser(), CLI);
const withoutRange = whoCanReach(userWithoutIds(), CLI);
let busybox: Buffer;

test.before(async () => {
  if (missing === undefined) busybox = await busyboxLayer();
});

const DOCKERFILE = `FROM base AS one
RUN mkdir /d && cd /d && mknod null c 1 3 && mknod -m 640 disk b 8 0 && chown 33:34 disk && mknod loop b 7 7 && ln loop again && mkdir -p deep/er && mknod deep/er/tty c 5 0
RUN cd /d && test -b disk && test -c null && stat -c '%F %t:%T %a %u:%g %h %n' * deep/er/* >/seen && chmod 622 null && mv deep/er/tty tty && rm again && cp -a disk copied
RUN touch /unrelated
FROM one AS two
COPY --from=one /d/null /d/tty /d/disk /copied/
COPY --from=one --chown=5:6 /d /all
RUN --mount=type=bind,from=one,source=/d,target=/m cd /m && stat -c '%F %t:%T %a %u:%g %n' * >/mounted && cp -a /m/null /again && stat -c '%F %t:%T %a %u:%g %n' /copied/* /all/* >/seen
`;

/** Returns the lines of `tar -tv` that are nodes, without their times. */
const nodesIn = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => {
    const [mode = "", owner, device, , , name] = line.split(/\s+/);
    return /^[bch]/.test(mode) ? [`${mode} ${owner} ${mode.startsWith("h") ? "" : device} ${name}`.trim()] : [];
  });

const LAYERS: readonly (readonly string[])[] = [
  [
    "brw-r--r-- 0/0 7,7 d/again",
    "crw-r--r-- 0/0 5,0 d/deep/er/tty",
    "brw-r----- 33/34 8,0 d/disk",
    "hrw-r--r-- 0/0  d/loop",
    "crw-r--r-- 0/0 1,3 d/null",
  ],
  ["brw-r----- 33/34 8,0 d/copied", "crw--w--w- 0/0 1,3 d/null", "crw-r--r-- 0/0 5,0 d/tty"],
  [],
  ["brw-r----- 33/34 8,0 copied/disk", "crw--w--w- 0/0 1,3 copied/null", "crw-r--r-- 0/0 5,0 copied/tty"],
  [
    "brw-r----- 5/6 8,0 all/copied",
    "brw-r----- 5/6 8,0 all/disk",
    "brw-r--r-- 5/6 7,7 all/loop",
    "crw--w--w- 5/6 1,3 all/null",
    "crw-r--r-- 5/6 5,0 all/tty",
  ],
  ["crw--w--w- 0/0 1,3 again"],
];

let asRoot: Promise<readonly (readonly string[])[]> | undefined;

async function make(t: ExecutionContext, builder: Builder): Promise<readonly (readonly string[])[]> {
  let made: readonly (readonly string[])[] = [];
  await withOwnershipMachine(t, [busybox], async ({ build, layers }) => {
    await build(DOCKERFILE, "store", builder);
    made = await layers();
  });
  return made;
}

async function sameAsRoot(t: ExecutionContext, builder: Builder): Promise<void> {
  asRoot ??= make(t, "mapped");
  const expected = await asRoot;
  t.deepEqual(
    expected.map((lines) => nodesIn(lines.slice(1))),
    LAYERS,
  );
  t.deepEqual(await make(t, builder), expected);
}

const supervised = "reason" in withoutRange ? withoutRange : { ...withoutRange, isolation: "supervised" as const };
const ways: readonly (readonly [string, Builder | { readonly reason: string }])[] = [
  ["with virtual owners", "virtual"],
  ["without namespaces", "chroot"],
  ["for a user with subordinate ids", withRange],
  ["for a user without subordinate ids", withoutRange],
  ["for a user without any privilege", supervised],
];
for (const [way, builder] of ways) {
  const reason = typeof builder === "object" ? reasonIn(builder) : undefined;
  requires(notInstalled(missing), withoutRoot, reason).serial(`device nodes are in the layers as for root ${way}`, (t) =>
    sameAsRoot(t, builder as OrdinaryUser | "virtual"),
  );
}
