import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { withRig } from "../../support/images/busybox-suite.js";
import { notInstalled, requires, withoutNamespaces } from "../../support/requires.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

// `tsbuild diff`: what a step or an image changed.

const { serial } = requires(notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined), withoutNamespaces());

const DOCKERFILE = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir /data && echo one >/data/conf && echo same >/data/same && echo gone >/gone
FROM base
RUN sed -i s/one/two/ /data/conf && chmod 600 /data/same && rm /gone && chown 5:6 /bin/busybox
COPY --link note /note
RUN echo half >/half && false
`;

const RUN = [
  "CHANGE|KIND|MODE|OWNER|PATH|WHAT",
  "modified|file|0755|0:0 -> 5:6|/bin/busybox|owner",
  "modified|file|0644|0:0|/data/conf|content",
  "modified|file|0644 -> 0600|0:0|/data/same|mode",
  "removed|file|0644|0:0|/gone|",
];
const FIELDS = "table {{.Change}}|{{.Kind}}|{{.Mode}}|{{.Owner}}|{{.Path}}|{{.What}}";

serial("diff: steps, a failed one, images, and two of them, as table, data and patch", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: DOCKERFILE, note: "a note\n" });
    copyFileSync(BUSYBOX as string, join(context, "busybox"));
    const diff = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await rig.cli(["diff", ...args]);
      t.is(code, 0, stderr);
      return stdout.toString();
    };
    t.is((await rig.cli([context])).code, 1);
    t.deepEqual((await diff("--format", FIELDS, "stage-1 1/3")).trimEnd().split("\n"), RUN);
    t.deepEqual((await diff("--format", FIELDS, ":6")).trimEnd().split("\n"), RUN);
    t.is(
      await diff("--patch", ":6"),
      [
        "diff --git a/bin/busybox b/bin/busybox",
        "owner 0:0 -> 5:6",
        "diff --git a/data/conf b/data/conf",
        "--- a/data/conf",
        "+++ b/data/conf",
        "@@ -1 +1 @@",
        "-one",
        "+two",
        "diff --git a/data/same b/data/same",
        "old mode 100644",
        "new mode 100600",
        "diff --git a/gone b/gone",
        "deleted file mode 100644",
        "--- a/gone",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-gone",
        "",
      ].join("\n"),
    );
    const entries = (text: string) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    t.deepEqual(entries(await diff("--format", "json", "stage-1 2/3")), [
      { path: "/note", change: "added", aspects: [], after: { type: "file", mode: 0o644, uid: 0, gid: 0, size: 7 } },
    ]);
    const [half] = entries(await diff("--format=json", "--patch", "stage-1"));
    t.like(half, { path: "/half", change: "added" });
    t.regex(String(half?.["patch"]), /\n\+half\n$/);
    const wide = entries(await diff("--format", "json", "base", "stage-1"));
    t.deepEqual(
      wide.map(({ path }) => path),
      ["/bin/busybox", "/data/conf", "/data/same", "/gone", "/half", "/note"],
    );
    t.is((await rig.cli(["-t", "one", "--target", "base", context])).code, 0);
    const two = rig.context("two", { Dockerfile: "FROM base\nRUN echo 2 >/2\n" });
    const store = rig.path("layout");
    t.is((await rig.cli(["--target", "base", "-o", `type=oci,tar=false,dest=${store}`, context])).code, 0);
    t.is((await rig.cli(["-t", "two", "--build-context", `base=oci-layout://${store}`, two])).code, 0);
    t.deepEqual(
      entries(await diff("--format", "json", "one", "two")).map(({ path }) => path),
      ["/2"],
    );
    t.true(entries(await diff("--format", "json", "one")).some(({ path, change }) => path === "/bin/busybox" && change === "added"));
    t.deepEqual(
      entries(await diff("--format", "json", "--build", "^0", "RUN echo 2")).map(({ path }) => path),
      ["/2"],
    );
    for (const [args, code, message] of [
      [["nothing"], 1, /error\[diff\/not-found\]/],
      [["--build", "^9", "base"], 1, /error\[history\/not-found\]/],
      [["--patch", "--format", "table", "one"], 2, /--patch and --format/],
    ] as const) {
      const ended = await rig.cli(["diff", ...args]);
      t.is(ended.code, code);
      t.regex(ended.stderr, message);
    }
  }),
);
