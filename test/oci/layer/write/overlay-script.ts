// Runs in its own user and mount namespace (overlay.test.ts): makes random changes through a real
// overlay, then compares diff, scan and the merged view.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../../core/digest.js";
import { layerTasks } from "../../../../oci/layer/task-table.js";
import type { Toc, TocEntry } from "../../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../../core/file-node.js";
import { inodeKey, readNames, readNode, statOf } from "../../../../oci/layer/write/upper-stat.js";
import { RootfsView } from "../../../../oci/layer/model/view.js";
import { lgetxattr, lsetxattr } from "../../../../core/system/posix.js";
import { type Entry, tarOf } from "../../tar/build-tar.js";

const mediaType = "application/vnd.oci.image.layer.v1.tar";
const [directory = "", seedText = "1", layersText = "4"] = process.argv.slice(2);
const problems: string[] = [];

function check(condition: boolean, what: string): void {
  if (!condition) problems.push(what);
}

let seed = Number(seedText);
function random(below: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((seed / 0x1_0000_0000) * below);
}

const names = ["a", "b", "c", "d e", "é", "-x"];
function anyPath(): string {
  return Array.from({ length: 1 + random(3) }, () => names[random(names.length)]).join("/");
}

/** Returns one random shell command. Many fail, which is fine. */
function anyCommand(): string {
  const [one, two] = [`'./${anyPath()}'`, `'./${anyPath()}'`];
  const commands = [
    `mkdir -p ${one}`,
    `mkdir -p ${one}`,
    `echo ${random(1000)} > ${one}`,
    `echo ${random(1000)} > ${one}`,
    `echo more >> ${one}`,
    `rm -rf ${one}`,
    `rm -rf ${one}; mkdir ${one}`,
    `mv -T ${one} ${two}`,
    `cp -r --remove-destination ${one} ${two}`,
    `ln ${one} ${two}`,
    `ln -s ${two} ${one}`,
    `chmod ${["700", "4755", "1777", "000"][random(4)]} ${one}`,
    `touch -h -d @${random(2_000_000_000)} ${one}`,
    `: >> ${one}`,
    `setfattr -n user.test -v ${random(9)} ${one}`,
    `setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 ${one}`,
    `mkfifo ${one}`,
  ];
  // Opening a fifo would wait for ever.
  return `( [ -p ${one} ] || [ -p ${two} ] || ${commands[random(commands.length)]} ) 2>/dev/null || :`;
}

interface Found extends Omit<NodeMeta, "mtime" | "path"> {
  readonly sec: number | undefined;
  readonly content: string | undefined;
}

/**
 * Lists the files on disk, without times of directories, because mounted layers show other times
 * than the top one.
 */
function onDisk(root: string, path = "", into = new Map<string, Found>()): ReadonlyMap<string, Found> {
  for (const name of readNames(path === "" ? root : `${root}/${path}`)) {
    const child = path === "" ? name : `${path}/${name}`;
    const stat = statOf(`${root}/${child}`);
    const node = stat && readNode(`${root}/${child}`, child, stat);
    if (!node) throw new Error(`nothing at ${child}`);
    const { mtime, path: _, ...rest } = node;
    into.set(child, {
      ...rest,
      sec: node.type === "dir" ? undefined : mtime.sec,
      content: node.type === "file" ? sha256(readFileSync(`${root}/${child}`)) : undefined,
    });
    if (node.type === "dir") onDisk(root, child, into);
  }
  return into;
}

async function inView(view: RootfsView, path = "", into = new Map<string, Found>()): Promise<ReadonlyMap<string, Found>> {
  for (const name of view.children(path)) {
    const child = path === "" ? name : `${path}/${name}`;
    const { mtime, path: _, hardlink: _link, opaque: _opaque, ...rest } = view.lookup(child) as TocEntry;
    const [digest] = rest.type === "file" ? await view.digests([child]) : [];
    into.set(child, { ...rest, sec: rest.type === "dir" ? undefined : mtime.sec, content: digest });
    if (rest.type === "dir") await inView(view, child, into);
  }
  return into;
}

function compare(what: string, expected: ReadonlyMap<string, Found>, found: ReadonlyMap<string, Found>): void {
  for (const path of new Set([...expected.keys(), ...found.keys()])) {
    const sorted = (value: Found | undefined) =>
      value &&
      JSON.stringify(
        Object.entries(value)
          .filter(([, v]) => v !== undefined)
          .sort(),
      );
    const [a, b] = [sorted(expected.get(path)), sorted(found.get(path))];
    check(a === b, `${what}: ${path} is ${b}, expected ${a}`);
  }
}

function linkGroups(root: string, paths: Iterable<string>): string {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const key = inodeKey(`${root}/${path}`);
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return JSON.stringify(
    [...groups.values()]
      .filter((group) => group.length > 1)
      .map((group) => group.sort())
      .sort(),
  );
}

/**
 * Tests owners and devices that one mapped id cannot make: recorded beside the files, through
 * copying up, and in the TOC.
 */
async function unmappedOwners(): Promise<void> {
  const at = (name: string) => join(directory, `owners-${name}`);
  for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(at(name));
  const owner = { uid: 33, gid: 1_000_660_000 };
  const entries: readonly Entry[] = [
    { name: "d", type: "dir", mode: 0o2750, ...owner },
    { name: "d/f", data: "x", mode: 0o4755, ...owner },
    { name: "d/s", type: "symlink", link: "f", uid: 0, gid: 0, mode: 0o777 },
    { name: "n", type: "char", device: { major: 1, minor: 3 }, uid: 0, gid: 0 },
    { name: "o", type: "hardlink", link: "n" },
  ];
  writeFileSync(at("blob"), tarOf(entries));
  const { toc } = await layerTasks.apply({ blob: at("blob"), mediaType, dest: at("lower") });
  check(toc.entries.length === 5 && [...toc.entries][1]?.uid === 33, "the TOC has every owner and device");
  const again = await layerTasks.diff({ upper: at("lower"), lowers: [] });
  const kept = JSON.stringify([...again.toc.entries]);
  check(kept === JSON.stringify([...toc.entries]), `owners or devices are lost: ${kept}`);
  const options = `userxattr,lowerdir=${at("lower")},upperdir=${at("upper")},workdir=${at("work")}`;
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", options, at("merged")]);
  try {
    execFileSync("sh", ["-c", "echo more >> d/f; touch d/new"], { cwd: at("merged") });
  } finally {
    execFileSync("umount", [at("merged")]);
  }
  const changed = await layerTasks.diff({ upper: at("upper"), lowers: [at("lower")] });
  const owners = [...changed.toc.entries].map(({ path, uid, gid }) => `${path} ${uid}:${gid}`);
  check(owners.join() === "d 33:1000660000,d/f 33:1000660000,d/new 0:0", `after copying up: ${owners.join()}`);
}

await unmappedOwners();
const lowers: string[] = [];
let view = new RootfsView([]);
const tocs: { layer: string; toc: Toc }[] = [];
for (let number = 0; number < Number(layersText); number++) {
  const at = (name: string) => join(directory, `${number}-${name}`);
  for (const name of ["upper", "work", "merged", "empty", "again"]) mkdirSync(at(name));
  const stack = [...lowers].reverse().concat(at("empty")).join(":");
  execFileSync("mount", [
    "-t",
    "overlay",
    "overlay",
    "-o",
    `userxattr,lowerdir=${stack},upperdir=${at("upper")},workdir=${at("work")}`,
    at("merged"),
  ]);
  try {
    execFileSync("sh", ["-c", Array.from({ length: 40 }, anyCommand).join("\n")], { cwd: at("merged") });
    if (number === 0) {
      writeFileSync(`${at("merged")}/with-capability`, "elf");
      lsetxattr(`${at("merged")}/with-capability`, "security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex"));
      check(
        lgetxattr(`${at("merged")}/with-capability`, "security.capability")?.length === 20,
        "a capability set in this namespace reads as version 2 in it",
      );
    }
    const truth = onDisk(at("merged"));
    const compression = { type: number % 2 ? "gzip" : "uncompressed" } as const;
    const { toc, diffId } = await layerTasks.diff({ upper: at("upper"), lowers, out: { path: at("blob"), compression } });
    const without = await layerTasks.diff({ upper: at("upper"), lowers });
    check(JSON.stringify(without.toc) === JSON.stringify(toc), "diff without a blob says the same");
    const scanned = await layerTasks.scan({ blob: at("blob"), mediaType });
    check(JSON.stringify(scanned) === JSON.stringify({ diffId, toc }), `scan differs from diff in layer ${number}`);
    view = view.with({ layer: String(number), toc });
    tocs.push({ layer: String(number), toc });
    compare(`view of layer ${number}`, truth, await inView(view));
    compare(`view made at once of ${number}`, truth, await inView(new RootfsView(tocs)));
    const applied = await layerTasks.apply({ blob: at("blob"), mediaType, dest: at("again") });
    check(JSON.stringify(applied.toc) === JSON.stringify(toc), `apply differs from diff in layer ${number}`);
    lowers.push(at("again"));
    execFileSync("umount", [at("merged")]);
    const stackAgain = [...lowers].reverse().concat(at("empty")).join(":");
    execFileSync("mount", ["-t", "overlay", "overlay", "-o", `userxattr,lowerdir=${stackAgain}`, at("merged")]);
    const unpacked = onDisk(at("merged"));
    compare(`unpacked layers to ${number}`, truth, unpacked);
    const files = [...unpacked].filter(([, { type }]) => type !== "dir").map(([path]) => path);
    const groups = files.map((path) => view.linksOf(path)).filter((group) => group !== undefined);
    const inViewGroups = JSON.stringify(
      [...new Set(groups.map((group) => JSON.stringify([...group].sort())))].map((group) => JSON.parse(group) as string[]).sort(),
    );
    check(inViewGroups === linkGroups(at("merged"), files), `links: ${inViewGroups}, on disk ${linkGroups(at("merged"), files)}`);
    const nothing = await layerTasks.diff({ upper: at("empty"), lowers });
    check(nothing.toc.entries.length === 0, "an empty upper changes nothing");
  } finally {
    execFileSync("umount", [at("merged")]);
  }
}
process.stdout.write(JSON.stringify(problems.slice(0, 10)));
