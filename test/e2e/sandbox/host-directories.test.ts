import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { withoutNamespaces, withoutRoot } from "../../support/requires.js";
import type { Rig } from "../../support/rigs/rig.js";

// Steps that have a directory of the machine itself, and no copy of it.

const { requiring, host } = busyboxSuite();

const MOUNT = "RUN --mount=type=bind,from=host:data,target=/d";

/** Starts a build of steps with `data` as a directory of the machine. */
function start(rig: Rig, steps: string, ...args: readonly string[]) {
  const context = rig.context("context", { Dockerfile: `ARG REGISTRY\nFROM $REGISTRY/busybox\n${steps}\n` });
  const fixed = ["--progress=plain", "--build-arg", `REGISTRY=${host()}`, "-o", "type=cacheonly"];
  return rig.start(["build", ...fixed, "--build-context", `host:data=${rig.path("data")}`, ...args, context]);
}

/** Returns the number of cached RUN steps. */
const cached = (output: string): number => (output.match(/^#\d+ \[.*\] RUN .*\n#\d+ CACHED/gm) ?? []).length;

const allowed = (rig: Rig): readonly string[] => ["--allow", `fs.read=${rig.path("data")}`];

for (const isolation of ["namespaces", "chroot"]) {
  requiring(withoutNamespaces(), isolation === "chroot" ? withoutRoot : undefined)(
    `${isolation}: a step reads a directory of the machine, by content, and cannot change it`,
    (t) =>
      withRig(async (rig) => {
        rig.context("data", { "a.txt": "one", "sub/b.txt": "two", ".dockerignore": "*" });
        symlinkSync("sub", rig.path("data", "link"));
        const steps = [
          `${MOUNT} cat /d/a.txt /d/sub/b.txt && test -f /d/.dockerignore && ! sh -c 'echo x 2>/dev/null >/d/a.txt' || echo changed >/d/a.txt`,
          isolation === "namespaces" ? `${MOUNT},source=link grep ' /d ' /proc/self/mounts; ls /d` : `${MOUNT},source=link ls /d`,
        ].join("\n");
        const args = [...allowed(rig), "--isolation", isolation];
        const first = await start(rig, steps, ...args).ended;
        t.is(first.code, 0, first.stderr);
        t.regex(first.stderr, /onetwo/);
        t.regex(first.stderr, / b\.txt\n/);
        if (isolation === "namespaces") t.regex(first.stderr, / ro,nosuid,nodev/);
        t.is(rig.bytes("data/a.txt").toString(), "one");
        const again = await start(rig, steps, ...args).ended;
        t.is(cached(again.stderr), 2, again.stderr);
        appendFileSync(rig.path("data", "a.txt"), "more");
        const changed = await start(rig, steps, ...args).ended;
        t.regex(changed.stderr, /onemoretwo/, "a step that sees other files runs");
        t.is(cached(changed.stderr), 0, "neither the step nor those on its result");
      }),
  );
}

requiring(withoutNamespaces())("it needs the caller's consent, also when the step is cached", (t) =>
  withRig(async (rig) => {
    rig.context("data", { "a.txt": "one" });
    t.is((await start(rig, `${MOUNT} cat /d/a.txt`, ...allowed(rig)).ended).code, 0);
    for (const args of [[], ["--allow", `fs.read=${rig.path("context")}`], ["--allow", "network.host"]]) {
      const { code, stderr } = await start(rig, `${MOUNT} cat /d/a.txt`, ...args).ended;
      t.is(code, 1, stderr);
      t.regex(stderr, /error\[build\/not-allowed\]: Cannot run ".*": fs\.read=.*data is not allowed\n/);
      t.regex(stderr, /hint: .*--allow fs\.read=.*data\n/);
    }
    t.is((await start(rig, `${MOUNT} cat /d/a.txt`, "--allow", `fs.read=${rig.directory}`).ended).code, 0, "a parent is enough");
  }),
);

requiring(withoutNamespaces())("a directory that changes under the step leaves no result", (t) =>
  withRig(async (rig) => {
    rig.context("data", { "a.txt": "one" });
    const steps = `${MOUNT} echo waiting; until test -e /d/go; do usleep 1000; done`;
    const running = start(rig, steps, ...allowed(rig));
    await running.shows(/ waiting\n/);
    writeFileSync(rig.path("data", "go"), "");
    const { code, stderr } = await running.ended;
    t.is(code, 1, stderr);
    t.regex(stderr, /error\[context\/file-changed\]: Cannot keep the result of the step: the context "host:data" changed while it ran/);
    rmSync(rig.path("data", "go"));
    const next = start(rig, steps, ...allowed(rig));
    await next.shows(/ waiting\n/);
    writeFileSync(rig.path("data", "go"), "");
    t.is((await next.ended).code, 1, "the step is not found in the cache");
  }),
);

requiring(withoutNamespaces())("what leads to more than files is refused", (t) =>
  withRig(async (rig) => {
    rig.context("data", { "sub/a.txt": "one" });
    t.is(spawnSync("mkfifo", [rig.path("data", "sub", "pipe")]).status, 0);
    const { code, stderr } = await start(rig, `${MOUNT} ls /d`, ...allowed(rig)).ended;
    t.is(code, 1);
    t.regex(stderr, /error\[context\/host-directory\]: Cannot give a step the context "host:data": "sub\/pipe" is a FIFO\n/);
    rmSync(rig.path("data", "sub", "pipe"));
    const written = await start(rig, MOUNT.replace("target", "rw,target") + " ls /d", ...allowed(rig)).ended;
    t.regex(written.stderr, /error\[dockerfile\/invalid-mount\]: .*a directory of the machine is read-only/);
    mkdirSync(rig.path("data", "store"));
    const inside = await start(rig, `${MOUNT} ls /d`, ...allowed(rig), "--root", rig.path("data", "store")).ended;
    t.regex(
      inside.stderr,
      /error\[context\/host-directory\]: Cannot give steps the directory ".*" \(host:data\): the store of builds is in it/,
    );
  }),
);
