import test from "ava";
import fc from "fast-check";
import { sha256 } from "../../../../core/digest.js";
import { SharedNames } from "../../../../oci/layer/model/shared-names.js";
import type { TocEntry } from "../../../../oci/layer/model/toc.js";
import { RootfsView } from "../../../../oci/layer/model/view.js";

test("names are those of a map that is copied at each step, in every version", (t) => {
  const name = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
  const change = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), name, from: fc.nat() }),
    fc.record({ kind: fc.constant("delete" as const), name, from: fc.nat() }),
    fc.record({ kind: fc.constant("extend" as const), name, from: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const versions = [{ names: new SharedNames<number>(), model: new Map<string, number>() }];
      for (const [at, { kind, name: key, from }] of changes.entries()) {
        const last = versions.at(-1) as (typeof versions)[number];
        if (kind === "set") {
          last.names.set(key, at);
          last.model.set(key, at);
        } else if (kind === "delete") t.is(last.names.delete(key), last.model.delete(key));
        else {
          const below = versions[from % versions.length] as (typeof versions)[number];
          // The last version may be changed further, so another one is extended once it is not.
          if (below === last) versions.push({ names: last.names.extended(), model: new Map(last.model) });
          else versions.push({ names: below.names.extended(), model: new Map(below.model) });
        }
      }
      for (const { names, model } of versions) {
        t.deepEqual([...names.names()].sort(), [...model.keys()].sort());
        for (const key of "abcdefg") t.is(names.get(key), model.get(key));
      }
    }),
    { numRuns: 500 },
  );
});

/** Counts the entries that are written to maps while `work` runs. */
function written(work: () => void): number {
  const prototype = Map.prototype as { set: (this: Map<unknown, unknown>, key: unknown, value: unknown) => Map<unknown, unknown> };
  const { set } = prototype;
  let count = 0;
  prototype.set = function (key, value) {
    count++;
    return set.call(this, key, value);
  };
  try {
    work();
  } finally {
    prototype.set = set;
  }
  return count;
}

const FILE = { type: "file", mode: 0o644, uid: 0, gid: 0, size: 1, mtime: { sec: 0, nsec: 0 }, digest: sha256("x") } as const;

function layer(id: string, entries: readonly TocEntry[], whiteouts: readonly string[] = []) {
  return { layer: id, toc: { version: 1, diffId: sha256(id), size: 0, entries, whiteouts } as const };
}

for (const [title, step] of [
  ["adds a file", (at: number) => layer(`${at}`, [{ ...FILE, path: `dst/new${at}` }])],
  [
    "adds a file and lists its directory",
    (at: number) =>
      layer(`${at}`, [
        { ...FILE, type: "dir", path: "dst" },
        { ...FILE, path: `dst/n${at}` },
      ]),
  ],
  ["deletes a file", (at: number) => layer(`${at}`, [], [`dst/f${at}`])],
] as const) {
  test(`a large directory is not copied for each step that ${title}`, (t) => {
    const [files, steps] = [4000, 1000];
    const base = layer(
      "base",
      Array.from({ length: files }, (_, i): TocEntry => ({ ...FILE, path: `dst/f${i}` })),
    );
    let view = new RootfsView([base]);
    const count = written(() => {
      for (let at = 0; at < steps; at++) view = view.with(step(at));
    });
    t.is(view.children("dst").length, title === "deletes a file" ? files - steps : files + steps);
    t.true(count <= 2 * files + steps * 30, `${count} entries were written for ${steps} steps on ${files} files`);
  });
}

test("steps that depend on the same large directory share it", (t) => {
  const base = layer(
    "base",
    Array.from({ length: 4000 }, (_, i): TocEntry => ({ ...FILE, path: `dst/f${i}` })),
  );
  const below = new RootfsView([base]).with(
    layer(
      "more",
      Array.from({ length: 3000 }, (_, i) => ({ ...FILE, path: `dst/m${i}` })),
    ),
  );
  const count = written(() => {
    for (let at = 0; at < 500; at++) t.is(below.with(layer(`${at}`, [{ ...FILE, path: "dst/new" }])).lookup("dst/new")?.size, 1);
  });
  t.true(count <= 2 * 7000 + 500 * 30, `${count} entries were written`);
});
