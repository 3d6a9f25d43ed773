import test from "ava";
import { mapVertices } from "../../llb/map-vertices.js";
import { printGraph } from "../../llb/print.js";
import { edge, type Edge } from "../../llb/vertex.js";

const step = (text: string) => ({ step: { kind: "internal", text } }) as const;
const directory = (text: string): Edge =>
  edge({
    op: { kind: "file", actions: [{ action: "mkdir", input: -1, path: "/a", mode: 0o755, makeParents: false }] },
    metadata: step(text),
  });

test("equal vertices that are several objects are changed once", async (t) => {
  const root = edge({ op: { kind: "merge" }, inputs: [directory("one"), directory("another")], metadata: step("both") });
  const seen: string[] = [];
  const changed = await mapVertices(root, async (vertex) => {
    seen.push(vertex.op.kind);
    return vertex;
  });
  t.deepEqual(seen, ["file", "merge"]);
  t.is(printGraph([changed]), printGraph([root]));
});
