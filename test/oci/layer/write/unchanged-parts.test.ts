import test from "ava";
import { sha256 } from "../../../../core/digest.js";
import type { PackEntry, Toc } from "../../../../oci/layer/model/toc.js";
import { writeLayer } from "../../../../oci/layer/write/layer-writer.js";
import { layerSteps, type PackStep } from "../../../../oci/layer/write/plan.js";
import { type NewLimits, unchangedParts } from "../../../../oci/layer/write/unchanged-parts.js";

const COUNT = 500;
const LIMITS: NewLimits = { steps: 20, bytes: 1000 };

function file(index: number, text = `text ${index}`): PackEntry {
  const data = Buffer.from(text);
  const path = `f${String(index).padStart(4, "0")}`;
  const meta = { path, type: "file", mode: 0o644, uid: 0, gid: 0, size: data.length, mtime: { sec: 1, nsec: 0 } } as const;
  return { ...meta, source: { kind: "bytes", data }, digest: sha256(data) };
}

const files = Array.from({ length: COUNT }, (_, index) => file(index));

async function tocOf(entries: readonly PackEntry[]): Promise<Toc> {
  return (await writeLayer({ entries }, {})).toc;
}

/** Returns the steps of entries, and the number of those that somebody took. */
function counted(entries: readonly PackEntry[]): { readonly steps: Iterable<PackStep>; readonly taken: () => number } {
  let taken = 0;
  function* steps(): Generator<PackStep, void> {
    for (const step of layerSteps({ entries }, undefined)) {
      taken++;
      yield step;
    }
  }
  return { steps: steps(), taken: () => taken };
}

test("of a layer nearly equal to an earlier one only the new steps are kept", async (t) => {
  const toc = await tocOf(files);
  const changed = files.with(100, file(100, "another")).toSpliced(300, 1).concat(file(COUNT));
  const { steps, taken } = counted(changed);
  const parts = unchangedParts(steps, toc, LIMITS) ?? [];
  t.is(taken(), changed.length);
  t.deepEqual(
    parts.map((part) => (part.kind === "range" ? [part.first, part.from, part.length] : part.kind === "entry" ? part.entry.path : "")),
    [[0, 0, 100], "f0100", [101, 101, 199], [300, 301, 199], "f0500"],
  );
});

test("a layer with more new than the limits is given up at the limit", async (t) => {
  const toc = await tocOf(files);
  const many = counted(files.map((_, index) => file(index, `new ${index}`)));
  t.is(unchangedParts(many.steps, toc, LIMITS), undefined);
  t.true(many.taken() <= LIMITS.steps + 2, `${many.taken()} steps`);
  const large = counted([...files, file(COUNT, "x".repeat(LIMITS.bytes + 1))]);
  t.is(unchangedParts(large.steps, toc, LIMITS), undefined);
});

test("a table that does not add up, or has deletions, is of no use", async (t) => {
  const toc = await tocOf(files);
  t.is(unchangedParts(counted(files).steps, { ...toc, size: toc.size + 512 }, LIMITS), undefined);
  t.is(unchangedParts(counted(files).steps, { ...toc, whiteouts: ["gone"] }, LIMITS), undefined);
  const deleting = layerSteps({ entries: files, whiteouts: ["gone"] }, undefined);
  t.is(unchangedParts(deleting, toc, LIMITS), undefined);
});
