import test from "ava";
import { recordedStep } from "../../../core/recorded-step.js";
import type { ResultIndex, ResultRecord } from "../../../cache/contract/results.js";
import type { CacheKey } from "../../../core/cache-key.js";
import { type Canonical, canonicalJson } from "../../../core/canonical.js";
import { sha256 } from "../../../core/digest.js";
import type { BuildEvent, StepExplanation } from "../../../core/events.js";
import type { ExecOp, FileOp } from "../../../llb/ops.js";
import type { Decision, EngineVertex, KeyComponents } from "../../../solver/engine/op.js";
import type { PastBuild } from "../../../solver/explain/earlier-builds.js";
import { type ComparedStep, compareSteps } from "../../../solver/explain/components.js";
import { comparedRecord, DecisionExplainer, type StepOrigin } from "../../../solver/explain/explain.js";
import { type NearestOptions, NearestRuns } from "../../../solver/explain/nearest.js";
import { Selections } from "../../../solver/explain/selections.js";
import { redact } from "../../../solver/explain/redaction.js";
import { keywordOf, similarity, stageOf } from "../../../solver/explain/step-similarity.js";
import { Background } from "../../../solver/layers/background.js";
import { differingEntries, encodeSelection } from "../../../solver/explain/selection-manifest.js";

const RUN: ExecOp = {
  kind: "exec",
  args: ["/bin/sh", "-c", "make"],
  env: ["PATH=/bin", "VERSION=1"],
  cwd: "/src",
  user: "",
  network: "default",
  security: "sandbox",
  mounts: [{ type: "bind", dest: "/", readonly: false, input: 0, selector: "/" }],
};
const CACHE: ExecOp["mounts"][number] = {
  type: "cache",
  dest: "/c",
  readonly: false,
  input: -1,
  selector: "/",
  id: "a",
  sharing: "shared",
  uid: 0,
  gid: 0,
  mode: 0o755,
};
const COPY: FileOp = {
  kind: "file",
  actions: [
    {
      action: "copy",
      input: 0,
      secondaryInput: 1,
      src: "/src",
      dest: "/app/",
      followSymlinks: false,
      dirCopyContents: true,
      attemptUnpack: false,
      createDestPath: true,
      allowWildcard: true,
      allowEmptyWildcard: true,
    },
  ],
};

const identity = (op: ExecOp | FileOp, more: { platform?: string; epoch?: number } = {}) =>
  canonicalJson({ op: op as unknown as Canonical, ...more });
const copy = (more: object): FileOp => ({ kind: "file", actions: [{ ...COPY.actions[0], ...more } as FileOp["actions"][number]] });

/** Changes of an operation, and the words for each. */
const OPS: readonly (readonly [ExecOp | FileOp, ExecOp | FileOp, string])[] = [
  [RUN, { ...RUN, env: ["PATH=/bin", "VERSION=2"] }, 'ENV VERSION went from "1" to "2"'],
  [RUN, { ...RUN, env: ["PATH=/bin", "VERSION=1", "MODE=fast"] }, 'ENV MODE is "fast" now, and was not set'],
  [RUN, { ...RUN, env: ["PATH=/bin"] }, 'ENV VERSION is not set any more, it was "1"'],
  [RUN, { ...RUN, env: ["VERSION=1", "PATH=/bin"] }, "the order of environment variables changed"],
  [{ ...RUN, env: ["OPT=1"] }, { ...RUN, env: ["OPT=2"] }, 'ARG OPT went from "1" to "2"'],
  [{ ...RUN, env: ["API_TOKEN=1"] }, { ...RUN, env: ["API_TOKEN=2"] }, "ENV API_TOKEN changed"],
  [{ ...RUN, env: [] }, { ...RUN, env: ["API_TOKEN=2"] }, "ENV API_TOKEN was added"],
  [RUN, { ...RUN, args: ["/bin/sh", "-c", "make  all"] }, 'the command went from "make" to "make all"'],
  [RUN, { ...RUN, args: ["make"] }, 'the command went from "/bin/sh -c make" to "make"'],
  [
    { ...RUN, ulimits: [{ name: "core", soft: 0, hard: 0 }] },
    { ...RUN, ulimits: [{ name: "core", soft: 0, hard: 5 }] },
    '--ulimit went from "core=0" to "core=0:5"',
  ],
  [RUN, { ...RUN, cwd: "/", user: "app" }, 'WORKDIR went from "/src" to "/"; USER is "app" now, and was not set'],
  [RUN, { ...RUN, network: "none" }, '--network went from "default" to "none"'],
  [
    RUN,
    { ...RUN, mounts: [...RUN.mounts, { type: "tmpfs", dest: "/tmp", readonly: false, size: 0 }] },
    "the tmpfs mount at /tmp was added",
  ],
  [
    { ...RUN, mounts: [...RUN.mounts, CACHE] },
    { ...RUN, mounts: [...RUN.mounts, { ...CACHE, id: "b", sharing: "locked", mode: 0o700, input: 1 }] },
    'the cache mount at /c changed (id "a" to "b", mode "0755" to "0700", sharing "shared" to "locked")',
  ],
  [
    { ...RUN, mounts: [...RUN.mounts, { type: "tmpfs", dest: "/c", readonly: false, size: 0 }] },
    { ...RUN, mounts: [...RUN.mounts, CACHE] },
    "the cache mount at /c changed",
  ],
  [
    RUN,
    {
      ...RUN,
      extraHosts: [
        { host: "a", ip: "::1" },
        { host: "b", ip: "127.0.0.1" },
      ],
    },
    '--add-host is "a:::1 b:127.0.0.1" now, and was not set',
  ],
  [RUN, { ...RUN, shmSize: 64 }, '--shm-size is "64" now, and was not set'],
  [COPY, copy({ mode: 0o755 }), '--chmod is "0755" now, and was not set'],
  [copy({ owner: { user: "a", group: 5 } }), copy({ owner: { user: "b" } }), '--chown went from "a:5" to "b"'],
  [COPY, copy({ dest: "/srv/" }), 'the destination went from "/app/" to "/srv/"'],
  [COPY, copy({ dirCopyContents: false }), 'the instruction went from "COPY a /b" to "COPY c /d"'],
  [COPY, { kind: "file", actions: [...COPY.actions, ...COPY.actions] }, 'the instruction went from "COPY a /b" to "COPY c /d"'],
  [COPY, RUN, 'the instruction went from "COPY a /b" to "COPY c /d"'],
  [
    { kind: "file", actions: [{ action: "mkfile", input: -1, path: "/f", mode: 0o644, data: "YQ==" }] },
    { kind: "file", actions: [{ action: "mkfile", input: -1, path: "/f", mode: 0o644, data: "Yg==" }] },
    "the inline file f changed",
  ],
];

const compared = (name: string, components: KeyComponents): ComparedStep => comparedRecord(recordedStep(name), components);
const NO_SELECTIONS = { differing: () => undefined };
const hiddenBy = () => undefined;
const texts = (changes: readonly { readonly text: string }[]) => changes.map(({ text }) => text).join("; ");

for (const [index, [before, after, expected]] of OPS.entries()) {
  test(`operation ${index + 1}: ${expected}`, (t) => {
    const step = (op: ExecOp | FileOp, name: string) => compared(`[1/2] ${name}`, { identity: identity(op), inputs: [] });
    const options = { args: new Set(["OPT"]), selections: NO_SELECTIONS, hiddenBy };
    t.is(texts(compareSteps(step(before, "COPY a /b"), step(after, "COPY c /d"), options)), expected);
  });
}

test("platform, SOURCE_DATE_EPOCH, and identities of other kinds", (t) => {
  const compare = (before: string, after: string) =>
    texts(
      compareSteps(compared("a", { identity: before, inputs: [] }), compared("a", { identity: after, inputs: [] }), {
        args: new Set(),
        selections: NO_SELECTIONS,
        hiddenBy,
      }),
    );
  t.is(
    compare(identity(RUN, { platform: "linux/amd64" }), identity(RUN, { platform: "linux/arm64" })),
    'the platform went from "linux/amd64" to "linux/arm64"',
  );
  t.is(compare(identity(RUN), identity(RUN, { epoch: 7 })), 'SOURCE_DATE_EPOCH is "7" now, and was not set');
  const dated = (epoch: number) => identity({ ...RUN, env: [`SOURCE_DATE_EPOCH=${epoch}`] }, { epoch });
  t.is(compare(dated(1), dated(2)), 'ENV SOURCE_DATE_EPOCH went from "1" to "2"');
  for (const odd of ["", "null", "7", '{"kind":"merge"}', "image 123"]) t.is(compare(odd, identity(RUN)), "the instruction changed", odd);
});

/** Returns `type mode owner content` of files by path, as one selection. */
function selection(files: Readonly<Record<string, string>>): { readonly digest: string; readonly manifest: string } {
  let text = "selection-2\0action\0contents\0";
  const digests: string[] = [];
  for (const [path, spec] of Object.entries(files)) {
    const [type = "", mode = "", owner = "", content = ""] = spec.split(" ");
    const isFile = type === "file";
    const link = type === "symlink" ? content : "";
    text += [type, path, String(Number.parseInt(mode, 8)), owner, isFile ? String(content.length) : "0", link, "", ""].join("\0") + "\0";
    if (isFile) digests.push(sha256(content));
  }
  return { digest: sha256(text + digests.join("")).slice(7), manifest: [...encodeSelection(text, Object.keys(files), digests)].join("") };
}

const FILES = { src: "dir 755 0:0", "src/a.c": "file 644 0:0 a", "src/b.c": "file 644 0:0 bb", link: "symlink 777 0:0 src" };

/** Changes of {@link FILES}, and their explanation. */
const TREES: readonly (readonly [string, Readonly<Record<string, string | undefined>>, string])[] = [
  ["content", { "src/a.c": "file 644 0:0 x" }, "src/a.c changed (content)"],
  ["size", { "src/a.c": "file 644 0:0 aa" }, "src/a.c changed (content)"],
  ["mode", { "src/a.c": "file 755 0:0 a" }, "src/a.c changed (mode 0644 to 0755)"],
  ["several", { "src/a.c": "file 600 1:1 x" }, "src/a.c changed (content, mode, owner)"],
  ["type", { "src/a.c": "symlink 777 0:0 b.c" }, "src/a.c changed (file to symlink)"],
  ["link", { link: "symlink 777 0:0 other" }, "link changed (link target)"],
  ["directory", { src: "dir 700 0:0" }, "src changed (mode 0755 to 0700)"],
  ["added", { "src/c.c": "file 644 0:0 c" }, "src/c.c was added"],
  ["removed", { "src/a.c": undefined }, "src/a.c was removed"],
  ["renamed", { "src/b.c": undefined, "src/d.c": "file 644 0:0 bb" }, "src/b.c was renamed to src/d.c"],
  [
    "directories",
    { lib: "dir 755 0:0", "lib/x": "file 644 0:0 x", src: undefined, "src/a.c": undefined, "src/b.c": undefined },
    "lib was added; src was removed",
  ],
];

for (const [name, edit, expected] of TREES) {
  test(`files: ${name}`, (t) => {
    const [before, after] = [
      selection(FILES),
      selection(Object.fromEntries(Object.entries({ ...FILES, ...edit }).filter((e): e is [string, string] => e[1] !== undefined))),
    ];
    const selections = new Selections({ memo: { get: () => undefined, set: () => {} }, background: new Background() });
    for (const { digest, manifest } of [before, after]) selections.note(digest, () => manifest);
    const step = ({ digest }: { digest: string }, input: string) =>
      compared("[2/2] COPY . /", { identity: "same", inputs: [{ name: input, key: `content:${digest}` }] });
    const compare = (input: string) =>
      texts(compareSteps(step(before, input), step(after, input), { args: new Set(), selections, hiddenBy }));
    t.is(compare("[internal] load build context"), expected);
    t.true(compare("[context more] load from client").includes(' of the context "more"'));
    t.true(compare("[build 2/2] RUN make").startsWith("/"), "paths of a stage are absolute, and named with their stage");
    t.true(compare("[build 2/2] RUN make").includes(" of [build 2/2] RUN make"));
  });
}

test("files that the ignore file hides now are not called removed", (t) => {
  const [before, after] = [selection(FILES), selection({ link: FILES.link })];
  const differing = () => differingEntries(before.manifest, after.manifest);
  const step = (digest: string): ComparedStep => ({
    step: recordedStep("[2/2] COPY . /"),
    identity: "same",
    inputs: [{ step: { kind: "context" }, key: `content:${digest}`, vertexId: "context" }],
  });
  const changes = compareSteps(step("1"), step("2"), {
    args: new Set(),
    selections: { differing },
    hiddenBy: (context, path) => (context === "context" && path === "src" ? ".dockerignore:2" : undefined),
  });
  t.is(texts(changes), "src is left out by .dockerignore:2 now");
});

test("what --chmod and --chown give is not reported for each file", (t) => {
  const [before, after] = [selection(FILES), selection({ ...FILES, "src/a.c": "file 600 1:1 a", "src/b.c": "file 600 1:1 cc" })];
  const selections = {
    differing: (was: string, is: string) =>
      was === before.digest && is === after.digest ? differingEntries(before.manifest, after.manifest) : undefined,
  };
  const step = (op: FileOp, digest: string) =>
    compared("[2/2] COPY . /", {
      identity: identity(op),
      inputs: [{ name: "[internal] load build context", key: `content:${digest}` }],
    });
  const compare = (op: FileOp) =>
    texts(compareSteps(step(COPY, before.digest), step(op, after.digest), { args: new Set(), selections, hiddenBy }));
  t.is(
    compare(copy({ mode: 0o600, owner: { user: 1, group: 1 } })),
    '--chmod is "0600" now, and was not set; --chown is "1:1" now, and was not set; src/b.c changed (content)',
  );
  t.is(
    compare(copy({ src: "/s*" })),
    'the source went from "/src" to "/s*"; src/a.c changed (mode, owner); src/b.c changed (content, mode, owner)',
  );
  t.is(compare(copy({ mode: 0o600 })), '--chmod is "0600" now, and was not set; src/a.c changed (owner); src/b.c changed (content, owner)');
});

test("selections are kept compressed, for those that ask only, and their loss is no error", async (t) => {
  const kept = new Map<string, Buffer>();
  const memo = {
    get: (_kind: string, key: string) => kept.get(key),
    set: (_kind: string, key: string, value: string | Uint8Array) => void kept.set(key, Buffer.from(value)),
  };
  const background = new Background();
  const selections = new Selections({ memo, background });
  const [one, two] = [selection(FILES), selection({ ...FILES, new: "file 644 0:0 n" })];
  for (const { digest, manifest } of [one, two]) selections.note(digest, () => manifest);
  selections.keep([two.digest, "unknown"]);
  await background.idle();
  t.deepEqual([...kept.keys()], [two.digest]);
  const later = new Selections({ memo, background });
  later.note(one.digest, () => one.manifest);
  t.deepEqual([...(later.differing(two.digest, one.digest)?.before.keys() ?? [])], ["new"]);
  kept.set(two.digest, Buffer.from("damaged"));
  t.is(later.differing(two.digest, one.digest), undefined);
  t.is(later.differing("gone", one.digest), undefined);
});

test("inputs: parents, base images, another number of them, files that are not known any more", (t) => {
  const inputs = (...pairs: (readonly [string, string])[]) =>
    compared("[2/2] RUN x", { identity: "same", inputs: pairs.map(([name, key]) => ({ name, key })) });
  const compare = (before: ReturnType<typeof inputs>, after: ReturnType<typeof inputs>) =>
    texts(compareSteps(before, after, { args: new Set(), selections: NO_SELECTIONS, hiddenBy }));
  t.is(
    compare(inputs(["[2/5] RUN make", "1"]), inputs(["[2/5] RUN make", "2"])),
    "the step before it ([2/5] RUN make) gave another result",
  );
  t.is(
    compare(inputs(["[2/5] RUN make", "1"]), inputs(["[3/6] RUN make", "2"])),
    "the step before it ([3/6] RUN make) gave another result",
  );
  t.is(
    compare(inputs(["[2/5] RUN make", "1"]), inputs(["[2/5] RUN test", "2"])),
    "the step before it is [2/5] RUN test now, it was [2/5] RUN make",
  );
  const base = (letter: string) => `[1/2] FROM docker.io/library/a:1@sha256:${letter.repeat(64)}`;
  t.is(
    compare(inputs([base("a"), "1"]), inputs([base("b"), "2"])),
    `the base image docker.io/library/a:1 moved from sha256:${"a".repeat(12)} to sha256:${"b".repeat(12)}`,
  );
  t.is(compare(inputs(["FROM a:1@sha256:1", "1"]), inputs(["FROM a:2@sha256:2", "2"])), 'the base image went from "a:1" to "a:2"');
  t.is(compare(inputs(["a", "1"]), inputs(["a", "1"], ["b", "2"])), "the step before it is b now, there was none");
  t.is(compare(inputs(["a", "1"], ["b", "2"]), inputs(["a", "1"])), "there is no step before it now, it was b");
  t.is(
    compare(inputs(["a", "1"], ["s", "content:1"]), inputs(["s", "content:2"])),
    "files of s changed; there is no step before it now, it was a",
  );
  t.is(
    compare(inputs(["[internal] load build context", "content:1"]), inputs(["[internal] load build context", "content:2"])),
    "files of the build context changed",
  );
  t.is(compare(inputs(["s", "content:1"]), inputs(["s", "content:2"])), "files of s changed");
  t.is(compare(inputs(["s", "1"]), inputs(["s", "1"])), "");
});

test("names of steps: what is the same step", (t) => {
  const run = recordedStep("[linux/arm64 build  2/12] RUN a\nb");
  t.is(stageOf(run), "linux/arm64 build");
  t.is(keywordOf(run), "RUN");
  const like = (a: string, b: string) => similarity(recordedStep(a), recordedStep(b));
  t.is(like("[b 2/4] RUN a", "[b 2/5] RUN a"), 3);
  t.is(like("[b 2/4] RUN a", "[b 3/5] RUN a"), 2);
  t.is(like("[b 2/4] RUN a", "[b 2/5] RUN b"), 1);
  t.is(like("[b 2/4] RUN a", "[b 2/5] COPY b"), 0);
  t.is(like("[b 2/4] RUN a", "[c 2/4] RUN a"), 0);
  t.is(like("[b 2/4] RUN a", "[linux/arm64 b 2/4] RUN a"), 0);
  t.is(like("download x", "download x"), 3);
  t.is(like("download x", "download y"), 0);
});

interface Earlier {
  readonly name: string;
  readonly identity: string;
  readonly build?: string;
  /** Default: the one that is built. */
  readonly project?: string;
}

/**
 * Explains a decision for `[2/3] RUN make` of build `now` after these earlier records, the last
 * used first.
 */
function explain(
  earlier: readonly Earlier[],
  decision: Partial<Decision<string>> & { readonly identity?: string },
  origin?: Partial<StepOrigin>,
  builds: readonly PastBuild[] = [],
  importedRuns: ReturnType<NearestOptions["importedRuns"]> = [],
): StepExplanation | undefined {
  const records = earlier.map(
    ({ name, identity: text, build }, index): ResultRecord => ({
      id: index + 1,
      primaryKey: "k" as CacheKey,
      layers: [],
      createdAt: 1000 * (index + 1),
      name,
      components: text === "damaged" ? "{" : JSON.stringify({ identity: text, inputs: [] }),
      build,
      imported: text === "",
    }),
  );
  const results: Pick<ResultIndex, "steps" | "recentSteps" | "get" | "peek"> = {
    steps: (wanted) => records.filter((_, index) => wanted === `${earlier[index]?.project ?? "here"} `),
    recentSteps: () => earlier.map(({ name, project = "here" }) => ({ name, origin: `${project} ` })),
    get: (id) => records[id - 1],
    peek: (key) => records.find(({ id }) => `k${id}` === key),
  };
  const nearest = new NearestRuns({
    results,
    projects: {
      own: "here",
      builds: () => builds,
      isForeign: (project) => project === "foreign",
      describe: (project) => `/contexts/${project}`,
    },
    build: "now",
    importedRuns: () => importedRuns,
    steps: ["[1/3] FROM a", "[2/3] RUN make", "[3/3] RUN test"].map(recordedStep),
  });
  const events: BuildEvent[] = [];
  const explainer = new DecisionExplainer<string>({
    results,
    selections: NO_SELECTIONS,
    hiddenBy,
    onEvent: (event) => events.push(event),
    skipped: false,
    past: ({ name }) => nearest.find(recordedStep(name), ""),
    step: (id) => ({ step: recordedStep(id), args: [], ignoreReason: undefined, ...origin }),
    record: () => records[0],
  });
  const make = (name: string, inputs: readonly EngineVertex<string>[] = []): EngineVertex<string> => ({
    id: name,
    name,
    inputs,
    op: { identity: async () => "", run: async () => "" },
    ignoreCache: false,
    maxAge: 90_000,
    pool: "run",
  });
  const components: KeyComponents = { identity: decision.identity ?? identity(RUN), inputs: [] };
  const { inputs } = "components" in decision && decision.components ? decision.components : components;
  const vertex = make(
    "[2/3] RUN make",
    inputs.map(({ name }) => make(name)),
  );
  explainer.decided({ kind: "run", because: "missing", components, ...decision, vertex } as Decision<string>);
  const [event] = events;
  return event?.type === "explained" ? event.explanation : undefined;
}

const OTHER = identity({ ...RUN, cwd: "/other" });

test("the nearest earlier run is the one that fits best, the last used among equals, and none of this build", (t) => {
  const changed = explain(
    [
      { name: "[2/3] RUN test", identity: OTHER },
      { name: "[2/3] RUN make", identity: OTHER, build: "b1" },
    ],
    {},
  );
  t.like(changed, {
    outcome: "ran",
    reason: "changed",
    text: 'WORKDIR went from "/other" to "/src"',
    record: { id: 2, createdAt: 2000, build: "b1" },
  });
  t.like(
    explain(
      [
        { name: "[2/3] RUN make", identity: OTHER, build: "now" },
        { name: "[2/3] RUN make", identity: "damaged" },
      ],
      {},
    ),
    { reason: "new" },
  );
  t.like(explain([{ name: "[2/3] RUN make", identity: identity(RUN) }], {}), { reason: "gone" });
});

const MAKE = { name: "[2/3] RUN make", identity: OTHER };
const TEST = { name: "[3/3] RUN test", identity: OTHER };

/**
 * An earlier build whose steps have these results, by the number of a record; 0 means that a step
 * did not finish.
 */
const past = (id: string, steps: Readonly<Record<string, number>>, otherContext?: string): PastBuild => ({
  id,
  otherContext,
  steps: Object.entries(steps).map(([name, record]) => ({
    step: recordedStep(name),
    finished: record > 0,
    key: record > 0 ? (`k${record}` as CacheKey) : undefined,
  })),
});

/**
 * Earlier records, the last used first; earlier builds, the nearest first; and the explanation of
 * the step.
 */
const NEAREST: readonly (readonly [string, readonly Earlier[], readonly PastBuild[], Partial<StepExplanation>])[] = [
  ["nothing", [], [], { reason: "new", text: "it is new: no earlier build had this step", changes: [] }],
  [
    "the last build's, whatever was used since",
    [MAKE, { ...MAKE, build: "b2" }],
    [past("b7", { "[2/3] RUN make": 2 })],
    { reason: "changed", text: 'WORKDIR went from "/other" to "/src"', record: { id: 2, createdAt: 2000, build: "b2" } },
  ],
  [
    "of the last build the text, before the place",
    [TEST, MAKE],
    [past("b7", { "[2/3] RUN all": 1, "[3/3] RUN make": 2 })],
    { record: { id: 2, createdAt: 2000 } },
  ],
  [
    "of the last build the place",
    [MAKE, TEST],
    [past("b7", { "[2/3] RUN all": 2, "[3/3] RUN test": 1 })],
    { record: { id: 2, createdAt: 2000 } },
  ],
  ["not a step that this build has elsewhere", [], [past("b7", { "[2/3] RUN test": 1 })], { reason: "new" }],
  [
    "a build before that had it",
    [MAKE],
    [past("b7", { "[2/3] COPY a b": 1 }), past("b6", { "[2/3] RUN make": 1 })],
    { record: { id: 1, createdAt: 1000 } },
  ],
  [
    "its result is gone",
    [MAKE],
    [past("b7", { "[2/3] RUN make": 9 }), past("b6", { "[2/3] RUN make": 1 })],
    { reason: "gone", text: "its earlier result is not in the store" },
  ],
  ["it did not finish", [], [past("b7", { "[2/3] RUN make": 0 })], { reason: "unfinished", text: "it did not finish in build b7" }],
  [
    "it did not finish, but had before",
    [MAKE],
    [past("b7", { "[2/3] RUN make": 0 }), past("b6", { "[2/3] RUN make": 1 })],
    { reason: "changed", text: 'it did not finish in build b7; before that: WORKDIR went from "/other" to "/src"' },
  ],
  [
    "a build of another project",
    [MAKE],
    [past("b7", { "[2/3] RUN make": 1 }, "/contexts/ci-7")],
    { text: 'WORKDIR went from "/other" to "/src", compared with /contexts/ci-7' },
  ],
  [
    "without a history: its own project, before others",
    [{ ...MAKE, project: "p" }, { ...TEST, project: "p" }, MAKE],
    [],
    { record: { id: 3, createdAt: 3000 } },
  ],
  [
    "without a history: a project with the same steps",
    [
      { ...MAKE, project: "p" },
      { ...TEST, project: "p" },
    ],
    [],
    { text: 'WORKDIR went from "/other" to "/src", compared with /contexts/p' },
  ],
  ["a project with too few of its steps", [{ ...MAKE, project: "p" }], [], { reason: "new" }],
  [
    "a project of other image names",
    [
      { ...MAKE, project: "foreign" },
      { ...TEST, project: "foreign" },
    ],
    [],
    { reason: "new" },
  ],
  [
    "more steps in common, before the last used",
    [
      { ...MAKE, project: "p" },
      { ...MAKE, project: "q" },
      { ...TEST, project: "q" },
    ],
    [],
    { record: { id: 2, createdAt: 2000 } },
  ],
];

for (const [what, earlier, builds, expected] of NEAREST) {
  test(`the nearest earlier run: ${what}`, (t) => {
    t.like(explain(earlier, {}, {}, builds), expected);
  });
}

test("where a comparison comes from is reported, unless another step just gave another result", (t) => {
  const step = (name: string, key: string) => ({
    name: "[2/3] RUN make",
    components: { identity: identity(RUN), inputs: [{ name, key }] },
  });
  const reported = (input: string) => {
    const imported = {
      from: "cache c",
      runs: [
        { key: "k" as CacheKey, createdAt: 7, ...step("[1/3] COPY a b", "1"), components: redact(step("[1/3] COPY a b", "1").components) },
      ],
    };
    return explain([], { components: redact(step(input, "2").components) }, {}, [], [imported])?.text;
  };
  t.is(reported("[1/3] COPY a b"), "the step before it ([1/3] COPY a b) gave another result");
  t.is(reported("[1/3] COPY c d"), "the step before it is [1/3] COPY c d now, it was [1/3] COPY a b, compared with cache c");
});

test("the nearest earlier run: what came with a cache, when nothing here is known", (t) => {
  const cache = (op: ExecOp) => ({
    from: "cache c",
    runs: [{ key: "k" as CacheKey, createdAt: 7, ...portableStep(op) }],
  });
  const portableStep = (op: ExecOp) => ({ name: "[2/3] RUN make", components: redact({ identity: identity(op), inputs: [] }) });
  const other = cache({ ...RUN, env: ["PATH=/bin", "VERSION=0"] });
  t.like(explain([], {}, {}, [], [other]), {
    reason: "changed",
    text: "ENV VERSION changed, compared with cache c",
    record: { createdAt: 7 },
  });
  t.is(explain([MAKE], {}, {}, [], [other])?.text, 'WORKDIR went from "/other" to "/src"', "not when something is");
  t.like(explain([], {}, {}, [past("b7", { "[2/3] RUN make": 9 })], [other]), { text: "ENV VERSION changed, compared with cache c" });
  const imported: Earlier = { ...MAKE, identity: "" };
  t.like(explain([imported], {}, {}, [past("b7", { "[2/3] RUN make": 1 })]), {
    reason: "changed",
    text: "something changed: another machine made its earlier result, and did not say of what",
  });
});

test("what cannot be explained goes unexplained, and fails nothing", (t) => {
  const damaged: PastBuild = {
    ...past("b7", {}),
    get steps(): never {
      throw new Error("the history is damaged");
    },
  };
  t.is(explain([], {}, {}, [damaged]), undefined);
});

test("no cache wanted, too old, found", (t) => {
  t.like(explain([], { because: "ignored" }, { ignoreReason: "--no-cache was given" }), {
    outcome: "ran",
    reason: "no-cache",
    text: "--no-cache was given",
  });
  t.like(explain([], { because: "expired" }), { reason: "expired", text: "its result is older than 90s" });
  t.like(explain([{ name: "a", identity: "", build: "b1" }], { kind: "found" } as never), {
    outcome: "cached",
    reason: "found",
    text: "found the result of build b1",
    record: { id: 1, build: "b1" },
  });
  t.like(explain([{ name: "a", identity: "" }], { kind: "found" } as never), { text: "found a result that another machine made" });
  t.like(explain([], { kind: "found" } as never), { outcome: "cached", text: "an earlier result was found" });
});

test("long lists are cut in the text, and bounded as data", (t) => {
  const env = (value: string) => Array.from({ length: 60 }, (_, i) => `V${i}=${value}`);
  const found = explain([{ name: "[2/3] RUN make", identity: identity({ ...RUN, env: env("a") }) }], {
    identity: identity({ ...RUN, env: env("b") }),
  });
  t.is(found?.text, 'ENV V0 went from "a" to "b"; ENV V1 went from "a" to "b"; ENV V2 went from "a" to "b"; and 57 more');
  t.is(found?.changes.length, 50);
});

test("steps of earlier builds are gone through once, however many steps are compared with them", (t) => {
  const count = 500;
  let looks = 0;
  const name = (verb: string, index: number) => `[${index + 1}/${count}] ${verb} file${index}`;
  const listOf = (verb: string) =>
    Array.from({ length: count }, (_, index) => ({
      get name() {
        looks++;
        return name(verb, index);
      },
      get step() {
        looks++;
        return recordedStep(name(verb, index));
      },
      id: index + 1,
      finished: true,
      key: undefined,
    }));
  const [build, used] = [listOf("COPY --chown=1"), listOf("COPY --chown=2")];
  let asked = 0;
  const steps = Array.from({ length: count }, (_, index) => recordedStep(name("COPY", index)));
  const nearest = new NearestRuns({
    results: { steps: () => (asked++, used), recentSteps: () => [], get: () => undefined, peek: () => undefined },
    projects: {
      own: "here",
      builds: () => [{ id: "earlier", otherContext: undefined, steps: build }],
      isForeign: () => false,
      describe: String,
    },
    build: "now",
    importedRuns: () => [],
    steps,
  });
  for (const step of steps) nearest.find(step, "");
  t.is(asked, 1);
  t.is(looks, 2 * count);
});
