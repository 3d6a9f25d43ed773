import test from "ava";
import fc from "fast-check";
import { sha256 } from "../../../../core/digest.js";
import type { TsbuildError } from "../../../../core/errors.js";
import { directoryCorrections, overlayFacts } from "../../../../oci/layer/write/overlay-facts.js";
import { comparePaths, sortByPath } from "../../../../oci/layer/model/path-order.js";
import { resolvePath } from "../../../../oci/layer/model/resolve.js";
import type { Toc, TocEntry } from "../../../../oci/layer/model/toc.js";
import { RootfsView } from "../../../../oci/layer/model/view.js";

const meta = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } };

/**
 * Makes a TOC from short forms: `d/` directory, `d/!` opaque directory, `!p` whiteout, `l->t` link,
 * `h=p` hard link, else a file with its content after `:`.
 */
function toc(...forms: readonly string[]): Toc {
  const entries: TocEntry[] = [];
  const whiteouts: string[] = [];
  for (const form of forms) {
    if (form.startsWith("!")) whiteouts.push(form.slice(1));
    else if (form.includes("->")) {
      const [path = "", link = ""] = form.split("->");
      entries.push({ ...meta, path, type: "symlink", mode: 0o777, link });
    } else if (form.endsWith("/!")) entries.push({ ...meta, path: form.slice(0, -2), type: "dir", mode: 0o755, opaque: true });
    else if (form.endsWith("/")) entries.push({ ...meta, path: form.slice(0, -1), type: "dir", mode: 0o700 });
    else {
      const [name = "", content = ""] = form.split(":");
      const [path = "", hardlink] = name.split("=");
      entries.push({ ...meta, path, type: "file", size: content.length, digest: sha256(content), ...(hardlink ? { hardlink } : {}) });
    }
  }
  return { version: 1, diffId: sha256(""), size: 0, entries: sortByPath(entries), whiteouts };
}

function viewOf(...layers: readonly (readonly string[])[]): RootfsView {
  return new RootfsView(layers.map((forms, i) => ({ layer: `L${i}`, toc: toc(...forms) })));
}

function everything(view: RootfsView, path = ""): string[] {
  return view.children(path).flatMap((name) => {
    const child = path === "" ? name : `${path}/${name}`;
    return [child, ...everything(view, child)];
  });
}

const merges: readonly { readonly title: string; readonly layers: readonly (readonly string[])[]; readonly expected: readonly string[] }[] =
  [
    { title: "nothing", layers: [], expected: [] },
    {
      title: "layers add up",
      layers: [
        ["a/", "a/x"],
        ["a/", "a/y", "b"],
      ],
      expected: ["a", "a/x", "a/y", "b"],
    },
    { title: "a whiteout deletes a file", layers: [["a", "b"], ["!a"]], expected: ["b"] },
    { title: "a whiteout deletes a tree", layers: [["a/", "a/b/", "a/b/c", "d"], ["!a"]], expected: ["d"] },
    { title: "a whiteout of nothing", layers: [["a"], ["!b", "!c/d"]], expected: ["a", "c"] },
    {
      title: "a whiteout reaches all layers below but none above",
      layers: [["a/", "a/1"], ["a/", "a/2"], ["!a"], ["a/", "a/3"]],
      expected: ["a", "a/3"],
    },
    {
      title: "an opaque directory hides what is below",
      layers: [
        ["a/", "a/1", "a/s/", "a/s/x"],
        ["a/!", "a/2"],
      ],
      expected: ["a", "a/2"],
    },
    { title: "a file replaces a directory", layers: [["a/", "a/x"], ["a"]], expected: ["a"] },
    {
      title: "a directory replaces a file, and what the file hid stays hidden",
      layers: [["a/", "a/old"], ["a"], ["a/", "a/x"]],
      expected: ["a", "a/x"],
    },
    { title: "a link replaces a directory", layers: [["a/", "a/x"], ["a->b"]], expected: ["a"] },
    { title: "missing parents are there", layers: [["a/b/c"]], expected: ["a", "a/b", "a/b/c"] },
    {
      title: "children in code-unit order",
      layers: [["b", "a-b", "a/", "a/x", "B", "é", "😀", "\uff5e"]],
      expected: ["B", "a", "a/x", "a-b", "b", "é", "😀", "\uff5e"],
    },
  ];

test("what is true in one layer only is on no node: whoever copies it into another layer would hide what is there, or link to nothing", (t) => {
  const view = viewOf(["d/", "d/old"], ["d/!", "d/a:text", "d/b=d/a:text"], ["d/a:other"]);
  t.deepEqual(Object.keys(view.lookup("d") ?? {}), Object.keys(viewOf(["d/"]).lookup("d") ?? {}));
  t.deepEqual(Object.keys(view.lookup("d/b") ?? {}), Object.keys(view.lookup("d/a") ?? {}));
  t.deepEqual(view.content("d/b"), { kind: "layer", layer: "L1", path: "d/a" });
});

for (const { title, layers, expected } of merges) {
  test(`a stack of layers: ${title}`, (t) => {
    t.deepEqual(everything(viewOf(...layers)), [...expected]);
    // The same, one layer at a time, and no view changes another.
    let view = new RootfsView([]);
    const steps = layers.map((forms, i) => (view = view.with({ layer: `L${i}`, toc: toc(...forms) })));
    steps.forEach((step, i) => t.deepEqual(everything(step), everything(viewOf(...layers.slice(0, i + 1)))));
  });
}

test("metadata comes from the topmost layer that lists a path; what none lists is an ordinary directory", async (t) => {
  const view = viewOf(["a/", "a/x:1", "b/c"], ["a/y"], ["a/x:22"]);
  t.like(view.lookup("a"), { type: "dir", mode: 0o700 });
  t.like(view.lookup("a/x"), { size: 2 });
  t.deepEqual((await view.digests(["a/x", "b/c"])).slice(), [sha256("22"), sha256("")]);
  t.like(view.lookup("b"), { type: "dir", mode: 0o755, uid: 0, mtime: { sec: 0, nsec: 0 } });
  t.like(view.lookup(""), { type: "dir", mode: 0o755 });
  for (const path of ["c", "a/z", "a/x/y", "a/x/", "/a", "a//x"]) t.is(view.lookup(path), undefined, path);
  t.deepEqual(view.children("a/x"), []);
  t.deepEqual(view.children("nothing"), []);
});

test("content is found in its layer under its first name; digests come from the TOCs", async (t) => {
  const view = viewOf(["a:1", "b=a:1", "c:3"], ["c:4"]);
  t.deepEqual(view.content("a"), { kind: "layer", layer: "L0", path: "a" });
  t.deepEqual(view.content("b"), { kind: "layer", layer: "L0", path: "a" });
  t.deepEqual(view.content("c"), { kind: "layer", layer: "L1", path: "c" });
  t.deepEqual((await view.digests(["c", "b"])).slice(), [sha256("4"), sha256("1")]);
  t.throws(() => view.content("nothing"), { message: /^internal:/ });
  await t.throwsAsync(view.digests(["nothing"]), { message: /^internal:/ });
});

test("hard links are those names of a file that are still visible", (t) => {
  const layers = [["a:1", "b=a:1", "d/", "d/c=a:1", "e:1"], ["!b"], ["a:2"]];
  t.deepEqual(viewOf(...layers.slice(0, 1)).linksOf("d/c"), ["a", "b", "d/c"]);
  t.deepEqual(viewOf(...layers.slice(0, 2)).linksOf("a"), ["a", "d/c"]);
  t.is(viewOf(...layers).linksOf("d/c"), undefined);
  t.is(viewOf(...layers).linksOf("e"), undefined);
  t.deepEqual(viewOf(...layers).content("d/c"), { kind: "layer", layer: "L0", path: "a" });
});

const tree = viewOf([
  "usr/",
  "usr/bin/",
  "usr/bin/sh",
  "bin->usr/bin",
  "abs->/usr/bin",
  "up->../../usr",
  "usr/bin/rel->../lib/x",
  "usr/lib/",
  "usr/lib/x->/etc/y",
  "etc/",
  "etc/y",
  "loop->loop",
  "ping->pong/x",
  "pong->ping/x",
  "dangling->no/where",
  "file",
  "empty->",
  "dot->.",
  "root->/",
]);

const resolutions: readonly [path: string, result: string, options?: { readonly followLast?: boolean }][] = [
  ["", ""],
  ["/", ""],
  ["/usr//bin/./sh", "usr/bin/sh"],
  ["bin/sh", "usr/bin/sh"],
  ["abs/sh", "usr/bin/sh"],
  ["up/bin/sh", "usr/bin/sh"],
  ["../../../etc/y", "etc/y"],
  ["usr/../etc/../../etc/y", "etc/y"],
  ["bin/../lib", "usr/lib"],
  ["bin", "usr/bin"],
  ["bin", "bin", { followLast: false }],
  ["bin/rel", "etc/y"],
  ["bin/rel", "usr/bin/rel", { followLast: false }],
  ["root/root/dot/bin/.", "usr/bin"],
  ["new/sub/file", "new/sub/file?"],
  ["bin/new", "usr/bin/new?"],
  ["new/../etc", "etc"],
  ["new/../../bin/x", "usr/bin/x?"],
  ["dangling", "no/where?"],
  ["dangling/x", "no/where/x?"],
  ["file/x", "file/x? blocked by file"],
  ["file/x/y/../z", "file/x/z? blocked by file"],
  ["file/x/../../etc", "etc"],
  ["file/..", ""],
  ["empty", ""],
];

for (const [path, result, options] of resolutions) {
  test(`resolving "${path}" ${options ? "without its last link " : ""}gives "${result}"`, (t) => {
    const found = resolvePath(tree, path, options ?? {});
    t.is(`${found.path}${found.node ? "" : "?"}${found.blockedBy === undefined ? "" : ` blocked by ${found.blockedBy}`}`, result);
    t.deepEqual(found.node, tree.lookup(found.path));
  });
}

test("links on the way are reported in order, and loops end", (t) => {
  t.deepEqual(resolvePath(tree, "bin/rel").links, ["bin", "usr/bin/rel", "usr/lib/x"]);
  for (const path of ["loop", "ping", "loop/x"]) {
    const error = t.throws<TsbuildError>(() => resolvePath(tree, path));
    t.is(error.code, "layer/symlink-loop");
  }
  t.is(resolvePath(tree, "loop", { followLast: false }).path, "loop");
  t.throws(() => resolvePath(tree, "bin/rel", { limit: 2 }));
  t.is(resolvePath(tree, "bin/rel", { limit: 3 }).path, "etc/y");
});

const misshown: readonly (readonly [title: string, layers: readonly (readonly string[])[], found: readonly string[]])[] = [
  [
    "every directory is listed",
    [
      ["a/", "a/b/", "a/b/x:1"],
      ["a/", "a/y:1"],
    ],
    [],
  ],
  ["implied over listed", [["a/"], ["a/x:1"]], ["a"]],
  ["implied by a whiteout", [["a/", "a/x:1"], ["!a/x"]], ["a"]],
  [
    "a listed one above is in the list too",
    [
      ["a/", "a/b/"],
      ["a/", "a/b/x:1"],
    ],
    ["a/b", "a"],
  ],
  ["implied everywhere", [["a/x:1"], ["a/y:1"]], []],
  ["listed again above", [["a/"], ["a/x:1"], ["a/"]], []],
  [
    "hidden by the layer's own opaque directory",
    [
      ["a/", "a/b/"],
      ["a/!", "a/b/x:1"],
    ],
    [],
  ],
  ["taken away and implied again", [["a/"], ["a/x:1"], ["!a"], ["a/y:1"]], []],
  ["a file above", [["a/"], ["a/x:1"], ["!a", "a:1"]], []],
];

for (const [title, layers, found] of misshown) {
  test(`what an overlay shows wrongly: ${title}`, (t) => {
    const tocs = layers.map((forms) => toc(...forms));
    const entries = directoryCorrections(
      tocs.map((one) => [overlayFacts(one), one]),
      viewOf(...layers),
    );
    t.deepEqual(
      entries.map(({ path }) => path),
      found,
    );
    t.true(entries.every(({ mode }) => mode === 0o700));
  });
}

test("the order of paths is that of walking a tree with sorted names", (t) => {
  const component = fc.string({ unit: fc.constantFrom("a", "b", "-", ".", "A", "é", " "), minLength: 1, maxLength: 3 });
  const path = fc.array(component, { minLength: 1, maxLength: 4 });
  const byComponents = (a: readonly string[], b: readonly string[]): number => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] as string) < (b[i] as string) ? -1 : 1;
    return Math.sign(a.length - b.length);
  };
  t.notThrows(() => {
    fc.assert(
      fc.property(path, path, (a, b) => Math.sign(comparePaths(a.join("/"), b.join("/"))) === byComponents(a, b)),
      { seed: 4, numRuns: 2000 },
    );
  });
});

test("a view of 50,000 files is made in a moment, and one more layer costs only what it changes", (t) => {
  const big = toc(...Array.from({ length: 50_000 }, (_, i) => `usr/share/d${Math.floor(i / 50)}/f${i}:x`));
  const started = performance.now();
  const view = new RootfsView([{ layer: "base", toc: big }]);
  const made = performance.now() - started;
  const small = { layer: "top", toc: toc("usr/share/d3/new:1", "!usr/share/d4") };
  const before = performance.now();
  const next = view.with(small);
  const added = performance.now() - before;
  t.log(`${made.toFixed(0)} ms, then ${added.toFixed(2)} ms`);
  t.is(next.children("usr/share/d3").length, 51);
  t.is(view.children("usr/share/d3").length, 50);
  t.is(next.lookup("usr/share/d4"), undefined);
  t.truthy(view.lookup("usr/share/d4/f200"));
});
