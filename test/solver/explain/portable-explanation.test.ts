import { deflateRawSync } from "node:zlib";
import test from "ava";
import { comparedRecord } from "../../../solver/explain/explain.js";
import { recordedStep } from "../../../core/recorded-step.js";
import type { CacheKey } from "../../../core/cache-key.js";
import { type Canonical, canonicalJson } from "../../../core/canonical.js";
import { compareSteps } from "../../../solver/explain/components.js";
import { packExplanations, type PortableRun, unpackExplanations } from "../../../solver/explain/portable-explanation.js";
import { isRedacted, redact } from "../../../solver/explain/redaction.js";

const identity = (op: object) => canonicalJson({ op } as unknown as Canonical);
const RUN = { kind: "exec", args: ["/bin/sh", "-c", "make"], env: ["PATH=/bin", "MODE=hush", "API_TOKEN=hush"], mounts: [] };
const FILE = { kind: "file", actions: [{ action: "mkfile", input: -1, path: "/conf", mode: 420, data: "aHVzaA==" }] };
const INPUTS = [{ name: "[internal] load build context", key: "content:d1 d2" }];

const run = (key: string, text: string, name = "[1/2] RUN make"): PortableRun => ({
  key: key as CacheKey,
  name,
  createdAt: 5,
  components: { identity: text, inputs: INPUTS },
});

/** Identities that hold what must not be exported. */
const SECRET: readonly string[] = [identity(RUN), identity(FILE), "http https://me:hush@host/file", "hush"];

test("values of variables, inline files and addresses are not exported, and are still distinguished", (t) => {
  for (const text of SECRET) {
    const redacted = redact({ identity: text, inputs: INPUTS });
    t.false(/hush|aHVzaA/.test(redacted.identity), text);
    t.deepEqual(redact(redacted), redacted, "redacted once more it is the same");
    t.notDeepEqual(redact({ identity: text.replace(/hush|aHVzaA/, "other"), inputs: INPUTS }), redacted);
  }
  t.deepEqual(redact({ identity: "", inputs: [] }), { identity: "", inputs: [] });
  t.is(redact({ identity: identity({ ...RUN, env: [] }), inputs: [] }).identity, identity({ ...RUN, env: [] }), "a command is no secret");
  t.false(isRedacted("MODE=hush"));
  t.false(isRedacted(undefined));
});

test("what differs is reported by name, without values", (t) => {
  const make = recordedStep("[1/2] RUN make");
  const compare = (before: object, after: object) =>
    compareSteps(
      comparedRecord(make, redact({ identity: identity(before), inputs: [] })),
      comparedRecord(make, redact({ identity: identity(after), inputs: [] })),
      { args: new Set(["MODE"]), selections: { differing: () => undefined }, hiddenBy: () => undefined },
    )
      .map(({ text }) => text)
      .join("; ");
  t.is(compare(RUN, { ...RUN, env: ["PATH=/bin", "MODE=fast"] }), "ARG MODE changed; ENV API_TOKEN was removed");
  t.is(compare({ ...RUN, env: [] }, { ...RUN, env: ["PATH=/bin"] }), "ENV PATH was added");
  t.is(compare(RUN, { ...RUN, args: ["/bin/sh", "-c", "make all"] }), 'the command went from "make" to "make all"');
  t.is(compare(FILE, { ...FILE, actions: [{ ...FILE.actions[0], data: "b3RoZXI=" }] }), "the inline file conf changed");
});

test("packed and unpacked: the same runs, lists of files of copies, in bytes that do not depend on the order", (t) => {
  const copy = identity({ kind: "file", actions: [] });
  const runs = [run("b", identity(RUN)), run("a", copy, "[2/2] COPY a b")];
  const selection = (digest: string) => (digest === "d1" ? "file one" : undefined);
  const text = packExplanations(runs, selection);
  t.is(packExplanations(runs.toReversed(), selection), text);
  const unpacked = unpackExplanations(text ?? "");
  t.deepEqual(unpacked.runs, [
    runs[1] as PortableRun,
    { ...run("b", ""), components: redact({ identity: identity(RUN), inputs: INPUTS }) },
  ]);
  t.deepEqual([...unpacked.selections], [["d1", "file one"]]);
  t.deepEqual([...unpackExplanations(packExplanations([run("b", identity(RUN))], selection) ?? "").selections], [], "of copies only");
});

test("what is too much stays: lists of files first, then all", (t) => {
  const noise = Array.from({ length: 400_000 }, (_, index) => String.fromCharCode(33 + ((index * index * 31) % 89))).join("");
  const random = (seed: number) =>
    Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * seed + i * 7 + (i >> 3) * seed) & 255)).toString("base64");
  const copy = run("a", identity({ kind: "file", actions: [] }));
  t.is(unpackExplanations(packExplanations([copy], () => noise.repeat(2)) ?? "").selections.size, 0, "one that is too large");
  const large = Array.from({ length: 40 }, (_, index) => ({ ...run(`k${index}`, identity({ ...RUN, args: [random(index + 3)] })) }));
  t.is(
    packExplanations(large, () => undefined),
    undefined,
  );
});

test("what cannot be read explains nothing", (t) => {
  const packed = (value: unknown) => deflateRawSync(JSON.stringify(value)).toString("base64");
  const nothing = { runs: [], selections: new Map<string, string>() };
  for (const text of [
    "",
    "no base64 !",
    Buffer.from("plain").toString("base64"),
    packed(null),
    packed([]),
    packed({ steps: 7, selections: 7 }),
  ]) {
    t.deepEqual(unpackExplanations(text), nothing, text);
  }
  const bad = [
    null,
    {},
    { key: 1 },
    { key: "k", name: "n", createdAt: 1, identity: "", inputs: [null] },
    { key: "k", name: "n", createdAt: 1, identity: "" },
    { key: "k", name: "n", createdAt: 1e300, identity: "", inputs: [] },
  ];
  t.deepEqual(unpackExplanations(packed({ steps: bad, selections: { a: 1, b: "text" } })), {
    runs: [],
    selections: new Map([["b", "text"]]),
  });
});
