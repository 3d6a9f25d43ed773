import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { layerTasks } from "../../../oci/layer/task-table.js";
import type { PackEntry, PackPlan, TocEntry } from "../../../oci/layer/model/toc.js";
import { readNames, readNode, statOf } from "../../../oci/layer/write/upper-stat.js";
import { RootfsView } from "../../../oci/layer/model/view.js";
import { withDirectory } from "./disk.js";
import { requires, withoutProgram } from "../../support/requires.js";

const isRoot = process.getuid?.() === 0;
const withUmoci = requires(withoutProgram("umoci"));

const mtime = { sec: 1_600_000_000, nsec: 0 };
const owner = isRoot ? { uid: 33, gid: 3_000_000 } : { uid: 0, gid: 0 };
const dir = (path: string, more: Partial<PackEntry> = {}): PackEntry => ({
  path,
  type: "dir",
  mode: 0o755,
  ...owner,
  size: 0,
  mtime,
  ...more,
});
const file = (path: string, text: string, more: Partial<PackEntry> = {}): PackEntry => {
  const data = Buffer.from(text);
  return { path, type: "file", mode: 0o644, ...owner, size: data.length, mtime, source: { kind: "bytes", data }, ...more };
};

const long = "long".repeat(30);
const plans: readonly PackPlan[] = [
  {
    entries: [
      dir("etc", { mode: 0o1777 }),
      file("etc/a", "a", { mode: 0o4711 }),
      file("etc/b", "b"),
      file("etc/link", "a", { hardlink: "etc/a" }),
      dir(long),
      file(`${long}/${long}`, "deep"),
      dir("opaque"),
      file("opaque/old", "old"),
      dir("tree"),
      dir("tree/sub"),
      file("tree/sub/x", "x"),
      { path: "soft", type: "symlink", mode: 0o777, ...owner, size: 0, mtime, link: "etc/a" },
      { path: "fifo", type: "fifo", mode: 0o600, ...owner, size: 0, mtime },
      file("time", "", { mtime: { sec: -86_400, nsec: 0 } }),
      file("é", "unicode"),
    ],
  },
  {
    entries: [dir("etc", { mode: 0o700 }), file("etc/new", "new"), dir("opaque", { opaque: true }), file("opaque/fresh", "fresh")],
    whiteouts: ["etc/b", "tree"],
  },
];

/** Returns path, type, mode, owner, size, target and time of an entry. */
function describe({ path, type, mode, uid, gid, size, link, mtime: time }: Omit<TocEntry, "digest">): string {
  return [path, type, mode.toString(8), uid, gid, size, link ?? "", type === "dir" ? "" : time.sec].join(" ");
}

function onDisk(root: string, path = ""): string[] {
  return readNames(path === "" ? root : `${root}/${path}`).flatMap((name) => {
    const child = path === "" ? name : `${path}/${name}`;
    const stat = statOf(`${root}/${child}`);
    const node = stat && readNode(`${root}/${child}`, child, stat);
    return node ? [describe(node), ...(node.type === "dir" ? onDisk(root, child) : [])] : [];
  });
}

function inView(view: RootfsView, path = ""): string[] {
  return view.children(path).flatMap((name) => {
    const child = path === "" ? name : `${path}/${name}`;
    const node = view.lookup(child);
    return node ? [describe(node), ...inView(view, child)] : [];
  });
}

withUmoci("umoci unpacks our layers to what our view says, and we read the layers it makes", (t) =>
  withDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    const umoci = (...args: string[]) => execFileSync("umoci", args, { cwd: directory, stdio: "pipe" });
    umoci("init", "--layout", "img");
    umoci("new", "--image", "img:t");
    const layers: { layer: string; toc: Awaited<ReturnType<typeof layerTasks.pack>>["toc"] }[] = [];
    for (const [i, plan] of plans.entries()) {
      const blob = await layerTasks.pack({ plan, out: at(`layer-${i}`), compression: { type: "uncompressed" } });
      layers.push({ layer: String(i), toc: blob.toc });
      umoci("raw", "add-layer", "--image", "img:t", `layer-${i}`);
    }
    const rootless = isRoot ? [] : ["--rootless"];
    umoci("unpack", ...rootless, "--image", "img:t", "bundle");
    const view = new RootfsView(layers);
    const chowned = (lines: readonly string[]) =>
      isRoot ? lines : lines.map((line) => line.replace(/ (\w+) (\d+) \d+ \d+ (\d+) /, " $1 $2 0 0 $3 "));
    t.deepEqual(chowned(onDisk(at("bundle/rootfs"))), inView(view));

    // The other way round: what umoci finds changed is a layer for us.
    rmSync(at("bundle/rootfs/etc/a"));
    rmSync(at("bundle/rootfs/opaque"), { recursive: true });
    mkdirSync(at("bundle/rootfs/opaque"));
    writeFileSync(at("bundle/rootfs/opaque/again"), "again");
    // umoci rounds times where everybody else cuts them.
    utimesSync(at("bundle/rootfs/opaque/again"), mtime.sec, mtime.sec);
    umoci("repack", "--image", "img:u", "bundle");
    const index = JSON.parse(readFileSync(at("img/index.json"), "utf8")) as {
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    const read = (digest: string) => at(`img/blobs/sha256/${digest.slice(7)}`);
    const target = index.manifests.find(({ annotations }) => annotations["org.opencontainers.image.ref.name"] === "u");
    const manifest = JSON.parse(readFileSync(read(target?.digest ?? ""), "utf8")) as {
      config: { digest: string };
      layers: { digest: string; mediaType: string }[];
    };
    const config = JSON.parse(readFileSync(read(manifest.config.digest), "utf8")) as { rootfs: { diff_ids: string[] } };
    const top = manifest.layers.at(-1);
    const { diffId, toc } = await layerTasks.scan({ blob: read(top?.digest ?? ""), mediaType: top?.mediaType ?? "" });
    t.is(diffId, config.rootfs.diff_ids.at(-1) as never);
    t.deepEqual(chowned(onDisk(at("bundle/rootfs"))), chowned(inView(view.with({ layer: "u", toc }))));
  }),
);
