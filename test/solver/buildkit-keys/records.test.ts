import test from "ava";
import type { KeyRecord } from "../../../cache/remote/content.js";
import type { KeyVertex } from "../../../solver/buildkit-keys/key-vertex.js";
import { RecordGraph } from "../../../solver/buildkit-keys/record-graph.js";

const RECORDS: readonly KeyRecord[] = [
  { digest: "base", inputs: [], result: undefined },
  { digest: "content", inputs: [], result: undefined },
  {
    digest: "copy",
    inputs: [
      [{ selector: "", record: 0 }],
      [
        { selector: "paths", record: 0 },
        { selector: "", record: 1 },
      ],
    ],
    result: { layers: [], createdAt: 1 },
  },
  { digest: "copy", inputs: [[{ selector: "", record: 9 }], [{ selector: "", record: 2 }]], result: undefined },
];

const NONE: ReadonlySet<number> = new Set();
const BASE: ReadonlySet<number> = new Set([0]);
const copy: KeyVertex = {
  digests: ["copy"],
  inputs: [
    { vertex: undefined, selector: "", content: undefined },
    { vertex: undefined, selector: "paths", content: undefined },
  ],
};

test("a record matches when each input is linked: by its own record under the selector, or by its content", (t) => {
  const graph = new RecordGraph(RECORDS);
  const match = (base: ReadonlySet<number>, source: ReadonlySet<number>, content?: string) => [
    ...graph.match(copy, [
      { records: base, content: undefined },
      { records: source, content },
    ]),
  ];
  t.deepEqual(match(BASE, BASE), [2]);
  t.deepEqual(match(BASE, NONE, "content"), [2]);
  t.deepEqual(match(BASE, NONE), []);
  t.deepEqual(match(BASE, NONE, "other content"), []);
  t.deepEqual(match(NONE, BASE, "content"), []);
  t.deepEqual(match(BASE, NONE, "copy"), [], "an operation is no content");
  t.deepEqual([...graph.match({ ...copy, inputs: copy.inputs.slice(1) }, [{ records: BASE, content: undefined }])], []);
  t.deepEqual(
    [
      ...new RecordGraph(RECORDS).match({ ...copy, inputs: [...copy.inputs].reverse() }, [
        { records: BASE, content: "content" },
        { records: BASE, content: undefined },
      ]),
    ],
    [],
    "another selector",
  );
  t.true(graph.mayHold(copy));
  t.false(graph.mayHold({ digests: ["run"], inputs: [] }));
});
