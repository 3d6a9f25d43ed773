import test from "ava";
import { compareTrees } from "../../../api/diff/compare-trees.js";
import { scan } from "../../../oci/layer/read/scan.js";
import { RootfsView } from "../../../oci/layer/model/view.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { tarOf, type TestEntry, testStore } from "../../support/images/images.js";

const SAME: readonly TestEntry[] = [
  { name: "d/", type: "dir" },
  { name: "d/same", text: "same" },
];

/** A layer on the same files, and what it changes. */
const CASES: readonly (readonly [what: string, entries: readonly TestEntry[], changes: readonly string[]])[] = [
  ["nothing", [{ name: "d/same", text: "same", mtime: { sec: 1, nsec: 0 } }], []],
  ["content", [{ name: "d/same", text: "diff" }], ["modified /d/same content"]],
  ["size", [{ name: "d/same", text: "longer" }], ["modified /d/same content"]],
  ["mode", [{ name: "d/same", text: "same", mode: 0o755 }], ["modified /d/same mode"]],
  ["owner", [{ name: "d/same", text: "same", uid: 7 }], ["modified /d/same owner"]],
  ["group and mode", [{ name: "d/same", text: "same", gid: 7, mode: 0o600 }], ["modified /d/same mode,owner"]],
  ["mode of a directory", [{ name: "d/", type: "dir", mode: 0o700 }], ["modified /d mode"]],
  [
    "a new directory with a file",
    [
      { name: "e/", type: "dir" },
      { name: "e/f", text: "" },
    ],
    ["added /e", "added /e/f"],
  ],
  ["a file less", [{ name: "d/.wh.same" }], ["removed /d/same"]],
  ["a directory less", [{ name: ".wh.d" }], ["removed /d", "removed /d/same"]],
  ["an emptied directory", [{ name: "d/", type: "dir" }, { name: "d/.wh..wh..opq" }], ["removed /d/same"]],
  ["a link", [{ name: "l", type: "symlink", link: "d" }], ["added /l"]],
  ["a link in the place of a file", [{ name: "d/same", type: "symlink", link: "x" }], ["modified /d/same type,mode,link"]],
  ["a file in the place of a directory", [{ name: "d", text: "x" }], ["modified /d type", "removed /d/same"]],
  ["a device", [{ name: "n", type: "char", device: { major: 1, minor: 3 } }], ["added /n"]],
  [
    "a second name of a file",
    [
      { name: "d/same", text: "same" },
      { name: "again", type: "hardlink", link: "d/same" },
    ],
    ["added /again"],
  ],
];

for (const [what, entries, expected] of CASES)
  test(`diff: ${what}`, async (t) => {
    const { store, close } = testStore();
    try {
      const layer = async (name: string, of: readonly TestEntry[]) => {
        const { digest } = store.blobs.writeSmall(tarOf(of));
        return { layer: name, toc: (await scan({ blob: store.blobs.path(digest), mediaType: mediaTypes.ociLayer })).toc };
      };
      const before = new RootfsView([await layer("below", SAME)]);
      const after = before.with(await layer("above", entries));
      const changes = await compareTrees(before, after, new AbortController().signal);
      t.deepEqual(
        changes.map(({ change, path, aspects }) => [change, path, ...(aspects.length > 0 ? [aspects.join()] : [])].join(" ")),
        expected,
      );
      const back = await compareTrees(after, before, new AbortController().signal);
      t.is(back.length, expected.length, "the same paths differ the other way round");
    } finally {
      close();
    }
  });
