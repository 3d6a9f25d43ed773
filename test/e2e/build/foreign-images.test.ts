import { readFileSync, rmSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { missingForBusybox } from "../../support/images/base-image.js";
import { tarOf, type TestEntry } from "../../support/images/images.js";
import { busyboxLayer, layeredLayout } from "../../support/images/layered-layout.js";
import { CLI, Rig } from "../../support/rigs/rig.js";
import { notInstalled, requires } from "../../support/requires.js";

// Layers as other tools write them: directories without entries, roots with metadata of their own,
// marks on the root. A step sees the metadata in the layers, which overlayfs alone would not show.

const missing = missingForBusybox();
const { serial } = requires(notInstalled(missing));
const TIME = 1_700_000_000;
let busybox: Buffer;

test.before(async () => {
  if (missing !== undefined) return;
  busybox = await busyboxLayer();
});

type Layer = readonly TestEntry[] | Buffer;

interface Foreign {
  readonly rig: Rig;
  /**
   * Builds a Dockerfile on `base`, busybox with these layers on top. Returns the output of its
   * steps.
   */
  see(dockerfile: string, layers: readonly Layer[], umask?: string): Promise<string>;
  /** Returns the entries of the last `count` layers of the latest image as `MODE OWNER NAME`. */
  made(count: number): Promise<readonly (readonly string[])[]>;
}

async function withRig(t: ExecutionContext, body: (foreign: Foreign) => Promise<void>): Promise<void> {
  const rig = new Rig();
  const run = async (command: string, args: readonly string[]) => {
    const ended = await rig.spawn(command, args).ended;
    t.is(ended.code, 0, ended.stderr);
    return ended;
  };
  const blob = (digest: string) => rig.path("out", "blobs", "sha256", digest.slice("sha256:".length));
  const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Record<string, readonly { readonly digest: string }[]>;
  let builds = 0;
  try {
    await body({
      rig,
      async see(dockerfile, layers, umask = "022") {
        const base = await layeredLayout(rig.path(`base-${++builds}`), [
          busybox,
          ...layers.map((one) => (Buffer.isBuffer(one) ? one : tarOf(one))),
        ]);
        const context = rig.context(`context-${builds}`, { Dockerfile: dockerfile, file: "content" });
        rmSync(rig.path("out"), { recursive: true, force: true });
        const output = `type=oci,tar=false,dest=${rig.path("out")}`;
        const args = ["build", "--no-cache", "--progress=plain", "--build-context", `base=oci-layout://${base}`, "-o", output, context];
        const { stderr } = await run("sh", ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, CLI, ...args]);
        return [...stderr.matchAll(/^#\d+ [\d.]+ see (.*)$/gm)].map((match) => match[1]).join("\n");
      },
      async made(count) {
        const [image] = json(rig.path("out", "index.json"))["manifests"] ?? [];
        const layers = json(blob(image?.digest ?? ""))["layers"]?.slice(-count) ?? [];
        return Promise.all(
          layers.map(async ({ digest }) => {
            const { stdout } = await run("tar", ["-tvzf", blob(digest), "--numeric-owner"]);
            const lines = stdout.toString("utf8").split("\n").filter(Boolean);
            return lines.map((line) => line.replace(/^(\S+ \S+) +\d+ \S+ \S+ /, "$1 "));
          }),
        );
      },
    });
    t.deepEqual(rig.leftovers(), []);
  } finally {
    await rig.dispose();
  }
}

const dir = (name: string, mode: number, owner = 0, more: Partial<TestEntry> = {}): TestEntry => ({
  name,
  type: "dir",
  mode,
  uid: owner,
  gid: owner,
  ...more,
});
const look = (...paths: string[]) => `RUN stat -c 'see %n %a %u:%g %Y' ${paths.join(" ")}\n`;
const lookWithoutTime = (...paths: string[]) => `RUN stat -c 'see %n %a %u:%g' ${paths.join(" ")}\n`;

serial("a directory that a layer only implies keeps what the layers below say of it", (t) =>
  withRig(t, async ({ see, made }) => {
    const below = [
      dir("a/", 0o1770, 33),
      dir("a/b/", 0o700, 1000, { mtime: { sec: 1_600_000_000, nsec: 0 } }),
      { name: "a/b/old", text: "1" },
    ];
    const implying = [
      { name: "a/b/new", text: "2" },
      { name: "a/c/deep", text: "3" },
    ];
    const expected = `/a 1770 33:33 ${TIME}\n/a/b 700 1000:1000 1600000000\n/a/c 755 0:0 0`;
    t.is(await see(`FROM base\n${look("/a", "/a/b", "/a/c")}RUN test -f /a/b/old -a -f /a/b/new\n`, [below, implying]), expected);
    t.deepEqual(await made(2), [[], []]);
    // Layers of steps lie between. Files that a step touches are in its layer, with their own
    // metadata, and no others are.
    const steps = `RUN echo x >/x\n${look("/a", "/a/b", "/a/c")}COPY file /a/b/copied\nRUN echo y >/a/b/y\n${lookWithoutTime("/a", "/a/b", "/a/c")}`;
    t.is(await see(`FROM base\n${steps}`, [below, implying]), `${expected}\n/a 1770 33:33\n/a/b 700 1000:1000\n/a/c 755 0:0`);
    const parents = ["drwxrwx--T 33/33 a/", "drwx------ 1000/1000 a/b/"];
    t.deepEqual(await made(4), [[], [...parents, "-rw-r--r-- 0/0 a/b/copied"], [...parents, "-rw-r--r-- 0/0 a/b/y"], []]);
    const mounted = `FROM scratch AS other\nFROM base\nRUN --mount=type=bind,from=base,target=/m stat -c 'see %n %a' /m/a /m/a/b\n`;
    t.is(await see(mounted, [below, implying]), "/m/a 1770\n/m/a/b 700");
  }),
);

serial("one snapshot serves stacks that disagree about the directories it implies", (t) =>
  withRig(t, async ({ see }) => {
    const implying = [{ name: "shared/file", text: "same" }];
    const seen = (layers: readonly Layer[]) => see(`FROM base\n${look("/shared")}`, layers);
    for (const [mode, owner] of [
      [0o711, 1000],
      [0o2750, 33],
      [0o755, 0],
    ] as const) {
      t.is(await seen([[dir("shared/", mode, owner)], implying]), `/shared ${mode.toString(8)} ${owner}:${owner} ${TIME}`);
    }
    t.is(await seen([implying]), "/shared 755 0:0 0");
    // A layer that follows may say something of it, or take it away first.
    const chain = [[dir("shared/", 0o711)], implying, [dir("shared/", 0o701)]];
    t.is(await seen(chain), `/shared 701 0:0 ${TIME}`);
    t.is(await seen([...chain, implying]), `/shared 701 0:0 ${TIME}`);
    t.is(await seen([...chain, [{ name: ".wh.shared" }], implying]), "/shared 755 0:0 0");
  }),
);

serial("an image may have a layer twice", (t) =>
  withRig(t, async ({ see }) => {
    const twice = [{ name: "d/file", text: "1" }, { name: ".wh.gone" }];
    const between = [
      { name: "d/file", text: "22" },
      { name: "gone/x", text: "" },
      { name: "stays", text: "" },
    ];
    const sizes = "RUN stat -c 'see %n %s' /d/file /stays; test ! -e /gone && echo see gone\n";
    t.is(await see(`FROM base\n${sizes}`, [twice, between, twice]), "/d/file 1\n/stays 0\ngone");
  }),
);

serial("a mark on the root hides every layer below", (t) =>
  withRig(t, async ({ see }) => {
    const before = [[{ name: "gone", text: "1" }], [{ name: "etc/gone", text: "1" }]];
    const marked = Buffer.concat([tarOf([{ name: ".wh..wh..opq" }, { name: "kept", text: "2" }]).subarray(0, -1024), busybox]);
    const names = "RUN for f in /gone /etc/gone /kept /above /etc/passwd; do test -e $f && echo see $f; done; true\n";
    t.is(await see(`FROM base\n${names}`, [...before, marked]), "/kept\n/etc/passwd");
    t.is(await see(`FROM base\n${names}`, [...before, marked, [{ name: "above", text: "3" }]]), "/kept\n/above\n/etc/passwd");
    t.is(await see(`FROM base\n${names}`, before), "/gone\n/etc/gone\n/etc/passwd");
  }),
);

serial("the root directory is what the image says of it, whatever the umask of who builds", (t) =>
  withRig(t, async ({ see, made }) => {
    const seen = (layers: readonly Layer[], umask?: string) =>
      see(`FROM base\n${lookWithoutTime("/")}USER app\nRUN echo see $(id -u) $(ls /etc/passwd 2>&1)\n`, layers, umask);
    const open = "\n1000 /etc/passwd";
    t.is(await seen([]), `/ 755 0:0${open}`);
    t.is(await seen([], "077"), `/ 755 0:0${open}`);
    t.is(await seen([], "000"), `/ 755 0:0${open}`);
    t.deepEqual(await made(2), [[], []]);
    t.is(await seen([[dir("./", 0o1777)]]), `/ 1777 0:0${open}`);
    t.is(await seen([[dir("./", 0o710, 1000)]]), `/ 710 1000:1000${open}`);
    t.deepEqual(await made(2), [[], []]);
    t.is(await seen([[dir("./", 0o750, 33)], [{ name: "x", text: "" }]]), `/ 750 33:33${open}`);
    t.is(await seen([[dir("./", 0o1777)], [dir("/", 0o755)]]), `/ 755 0:0${open}`);
    const xattrs = { "user.note": Buffer.from("root").toString("base64") };
    t.is(await see(`FROM base\n${lookWithoutTime("/")}`, [[dir("./", 0o700, 0, { xattrs })]]), "/ 700 0:0");
  }),
);
