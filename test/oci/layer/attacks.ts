import type { Entry } from "../tar/build-tar.js";

/** A layer made to do harm, or broken. Either it is refused, or what it makes stays inside. */
export interface Attack {
  readonly title: string;
  readonly entries: readonly Entry[];
  /** Error code; without one it unpacks into `makes`. */
  readonly refused?: string;
  /**
   * `path` or `path -> target` of everything below the root, sorted; whiteouts as `!path`, opaque
   * directories as `path/!`.
   */
  readonly makes?: readonly string[];
}

const dir = (name: string): Entry => ({ name, type: "dir" });
const file = (name: string, data = "evil"): Entry => ({ name, data });
const link = (name: string, target: string): Entry => ({ name, type: "symlink", mode: 0o777, link: target });
const hard = (name: string, target: string): Entry => ({ name, type: "hardlink", link: target });

export const attacks: readonly Attack[] = [
  { title: "a path that climbs out", entries: [file("../../outside")], makes: ["outside"] },
  { title: "a path that climbs out from below", entries: [dir("a"), file("a/../../../outside")], makes: ["a", "outside"] },
  { title: "an absolute path", entries: [file("/etc/outside")], makes: ["etc", "etc/outside"] },
  { title: "a path of slashes and dots", entries: [file("//.//./x//./y"), dir("././"), dir("/"), dir("..")], makes: ["x", "x/y"] },
  { title: "a parent that is a link to /", entries: [link("up", "/"), file("up/outside")], makes: ["outside", "up -> /"] },
  {
    title: "a parent that is a link that climbs out",
    entries: [link("up", "../../.."), file("up/outside")],
    makes: ["outside", "up -> ../../.."],
  },
  {
    title: "a parent that is a chain of links",
    entries: [link("a", "b"), link("b", "/../c/../../d"), file("a/x")],
    makes: ["a -> b", "b -> /../c/../../d", "c", "d", "d/x"],
  },
  { title: "a parent that is a link to itself", entries: [link("a", "a"), file("a/x")], refused: "layer/symlink-loop" },
  { title: "two links to each other", entries: [link("a", "b/x"), link("b", "a/x"), file("a/x")], refused: "layer/symlink-loop" },
  { title: "a directory swapped for a link", entries: [dir("d"), link("d", "/tmp"), file("d/x")], makes: ["d -> /tmp", "tmp", "tmp/x"] },
  { title: "a link swapped for a directory", entries: [link("d", "/tmp"), dir("d"), file("d/x")], makes: ["d", "d/!", "d/x"] },
  { title: "a file written through a link", entries: [link("f", "/etc/passwd"), file("f")], makes: ["f"] },
  {
    title: "a link to a directory that is written through later",
    entries: [dir("real"), link("l", "real"), dir("l"), file("l/x")],
    makes: ["l", "l/!", "l/x", "real"],
  },
  { title: "a file as a parent", entries: [file("f"), file("f/x")], refused: "layer/parent-not-directory" },
  { title: "a hard link to the outside", entries: [hard("h", "../../../../etc/passwd")], refused: "layer/bad-hardlink" },
  { title: "a hard link to an absolute path", entries: [hard("h", "/etc/passwd")], refused: "layer/bad-hardlink" },
  { title: "a hard link through a link", entries: [link("up", "/etc"), hard("h", "up/passwd")], refused: "layer/bad-hardlink" },
  {
    title: "a hard link to a link, then written",
    entries: [link("l", "/etc/passwd"), hard("h", "l"), file("h")],
    makes: ["h", "l -> /etc/passwd"],
  },
  { title: "a hard link to a directory", entries: [dir("d"), hard("h", "d")], refused: "layer/bad-hardlink" },
  { title: "a hard link to itself", entries: [file("h"), hard("h", "h")], refused: "layer/bad-hardlink" },
  {
    title: "a hard link that replaces the directory of its target",
    entries: [file("d/f"), hard("d", "d/f")],
    refused: "layer/bad-hardlink",
  },
  { title: "a hard link to what comes later", entries: [hard("h", "f"), file("f")], refused: "layer/bad-hardlink" },
  {
    title: "a hard link through parents inside",
    entries: [file("/d/f"), link("s", "d"), hard("h", "/../s/f")],
    makes: ["d", "d/f", "h", "s -> d"],
  },
  { title: "a whiteout of ..", entries: [dir("a"), file("a/.wh...")], refused: "layer/bad-whiteout" },
  { title: "a whiteout of .", entries: [file(".wh..")], refused: "layer/bad-whiteout" },
  { title: "a whiteout of nothing", entries: [file("a/.wh.")], refused: "layer/bad-whiteout" },
  { title: "a whiteout through a link", entries: [link("up", "/../.."), file("up/.wh.etc")], makes: ["!etc", "up -> /../.."] },
  { title: "an opaque marker through a link", entries: [link("up", "/a"), file("up/.wh..wh..opq")], makes: ["a", "a/!", "up -> /a"] },
  { title: "AUFS bookkeeping", entries: [dir(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs")], makes: [] },
  {
    title: "a whiteout of what the layer itself brings",
    entries: [file("f"), file(".wh.f"), dir("d"), file("d/x"), file(".wh.d")],
    makes: ["d", "d/!", "d/x", "f"],
  },
  {
    title: "a whiteout before what takes its place",
    entries: [file(".wh.d"), dir("d"), file(".wh.f"), file("f")],
    makes: ["d", "d/!", "f"],
  },
  {
    title: "whiteouts in a directory that turns out to be opaque",
    entries: [file("d/.wh.x"), file("d/e/.wh.y"), file("d/.wh..wh..opq"), file("d/.wh.z")],
    makes: ["d", "d/!", "d/e"],
  },
  {
    title: "a 0:0 device, which overlayfs takes for a deletion",
    entries: [{ name: "d", type: "char", device: { major: 0, minor: 0 } }],
    makes: ["!d"],
  },
  {
    title: "overlayfs's own attributes",
    entries: [
      { ...dir("d"), xattrs: { "user.overlay.redirect": "L2V0Yw==", "user.overlay.opaque": "eQ==", "trusted.overlay.opaque": "eQ==" } },
    ],
    makes: ["d"],
  },
  {
    title: "the last of several entries wins",
    entries: [file("f", "1"), dir("f"), file("f/x"), link("f", "x"), file("f", "2")],
    makes: ["f"],
  },
  { title: "a directory again", entries: [dir("d"), file("d/x"), { ...dir("d/"), mode: 0o700 }], makes: ["d", "d/x"] },
  { title: "a name longer than a filesystem takes", entries: [file("n".repeat(256))], refused: "layer/name-too-long" },
  { title: "a longest name", entries: [file("n".repeat(255))], makes: ["n".repeat(255)] },
  { title: "a path longer than a filesystem takes", entries: [file("d/".repeat(2048) + "x")], refused: "layer/name-too-long" },
  { title: "a link text longer than a filesystem takes", entries: [link("l", "x/".repeat(3000))], refused: "layer/name-too-long" },
  {
    title: "a path that grows through links",
    entries: [link("a", "x/".repeat(1500)), link("a/b", "y/".repeat(1500)), file("a/b/z")],
    refused: "layer/name-too-long",
  },
  {
    title: "names that are not UTF-8",
    entries: [file("\udcff"), file("d\udc80/\udcfe"), link("l", "\udcff")],
    makes: ["d\udc80", "d\udc80/\udcfe", "l -> \udcff", "\udcff"],
  },
];
