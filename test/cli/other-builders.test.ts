import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { BuildOptions } from "../../api/options/options.js";
import { BUD_FLAGS } from "../../cli/docker/bud-flags.js";
import type { ForeignFlag } from "../../cli/docker/foreign-flags.js";
import { KANIKO_FLAGS } from "../../cli/docker/kaniko-flags.js";
import { packageRoot } from "../../core/package-root.js";
import { temporaryDirectory } from "../support/images/images.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { DESCRIPTOR, IMAGE_ID } from "../support/rigs/fake-library.js";

// The command lines of kaniko's and buildah's users, and what the library gets for them.

const directory = temporaryDirectory();
test.before(() => {
  for (const [name, text] of Object.entries({ Containerfile: "", "ctx/Dockerfile.x": "", "args.conf": "# one\nA=1\n\nB=2 3\n" })) {
    mkdirSync(join(directory.path, "ctx"), { recursive: true });
    writeFileSync(join(directory.path, name), text);
  }
});
test.after.always(() => directory.remove());

/** A flag of another builder, from its own sources. */
interface Known {
  readonly name: string;
  readonly short: string | undefined;
  readonly kind: string;
}

function knownFlags(file: string): readonly Known[] {
  const lines = readFileSync(join(packageRoot(), "test", "cases", file), "utf8").matchAll(/^--(\S+) (\S+) (switch|value|list)$/gm);
  return [...lines].map(([, name = "", short = "", kind = ""]) => ({ name, short: short === "." ? undefined : short.slice(1), kind }));
}

/** Returns the rows of the table of flags in a page: flag, state. */
function rowsOf(page: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(packageRoot(), "docs", page), "utf8");
  const rows = [...text.matchAll(/^\| (`--[^|]*`) \| (\w+) \|/gm)];
  return new Map(rows.flatMap(([, names = "", state = ""]) => [...names.matchAll(/`--([\w-]+)`/g)].map(([, name = ""]) => [name, state])));
}

/** Returns the state of a flag that has no effect; undefined for any other. */
const stateOf = ({ refused, reported }: ForeignFlag): string | undefined => (refused ? "no" : reported ? "different" : undefined);

const TABLES = [
  { line: "kaniko --destination app --context ctx", table: KANIKO_FLAGS, file: "kaniko-flags.txt", page: "from-kaniko.md", least: 60 },
  { line: "bud", table: BUD_FLAGS, file: "buildah-flags.txt", page: "from-buildah.md", least: 120 },
] as const;

for (const { line, table, file, page, least } of TABLES) {
  const command = line.split(" ")[0];
  const ours = new Map<string, ForeignFlag>(table.map((flag) => [flag.name, flag]));
  const known = knownFlags(file);

  test(`every flag of ${command} is known, with its short name and its value`, (t) => {
    t.true(known.length >= least);
    const shape = ({ name, short, value, modes }: ForeignFlag) => `--${name} ${short ?? "."} ${value || modes ? "value" : "switch"}`;
    const wrong = known.flatMap(({ name, short, kind }) => {
      const flag = ours.get(name);
      const right = `--${name} ${short ?? "."} ${kind === "switch" ? "switch" : "value"}`;
      return flag !== undefined && shape(flag) === right && (kind !== "list" || flag.repeat) ? [] : [right];
    });
    t.deepEqual(wrong, []);
  });

  test(`every flag of ${command} has a row in docs/${page}, which says what is done`, (t) => {
    const rows = rowsOf(page);
    const wrong = known.filter(({ name }) => {
      const state = rows.get(name) ?? "missing";
      const expected = stateOf(ours.get(name) ?? { name, text: "" });
      return expected === undefined ? state !== "yes" && state !== "same" : state !== expected;
    });
    t.deepEqual(
      wrong.map(({ name }) => `${name}: ${rows.get(name)}`),
      [],
    );
    t.deepEqual(
      [...rows.keys()].filter((name) => !ours.has(name)),
      [],
    );
  });

  for (const flag of table) {
    const outcome = flag.refused !== undefined ? "refused" : flag.reported !== undefined ? "reported" : undefined;
    if (outcome === undefined) continue;
    test(`${line.split(" ")[0]} --${flag.name} is ${outcome}, in one line`, async (t) => {
      const words = [...line.split(" "), `--${flag.name}${flag.value ? "=1" : ""}`];
      const run = await runRig(words, { cwd: directory.path });
      t.is(run.code, outcome === "refused" ? 2 : 0, run.stderr);
      t.is(run.builds.length, outcome === "refused" ? 0 : 1);
      if (outcome === "reported") t.regex(run.stderr, new RegExp(`^note: --${flag.name} changes nothing: [^\\n]+\\n$`));
      else t.regex(run.stderr, /^error\[cli\/not-supported\]: .*\nhint: \S/);
    });
  }
}

const at = (path: string): string => join(directory.path, path);

const PUSHED = { tags: ["r.io/a/app:1"], outputs: [{ type: "registry" }], context: at("ctx") } as const;

/** Command line, options the library gets beside the defaults, variables. */
const READ: readonly (readonly [line: string, options: Partial<BuildOptions>, env?: Readonly<Record<string, string>>])[] = [
  ["kaniko -d r.io/a/app:1 -c ctx", PUSHED],
  [
    "kaniko --destination=r.io/a/app:1 --context=dir://ctx --build-arg A=1 --label b=c --target t --custom-platform linux/arm64",
    {
      ...PUSHED,
      buildArgs: { A: "1" },
      labels: { b: "c" },
      target: "t",
      platforms: ["linux/arm64"],
    },
  ],
  [
    "kaniko -d r.io/a/app:1 -c ctx -f Dockerfile.x --use-new-run --cleanup --snapshot-mode=redo --force --ignore-var-run=false",
    {
      ...PUSHED,
      dockerfile: at("ctx/Dockerfile.x"),
    },
  ],
  [
    "kaniko -d r.io/a/app:1 -c ctx --cache --cache-repo r.io/c",
    {
      ...PUSHED,
      cacheFrom: [{ type: "registry", ref: "r.io/c" }],
      cacheTo: [{ type: "registry", ref: "r.io/c", mode: "max" }],
    },
  ],
  ["kaniko -d r.io/a/app:1 -c ctx --cache=true --no-push-cache", { ...PUSHED, cacheFrom: [{ type: "registry", ref: "r.io/a/app/cache" }] }],
  [
    "kaniko -d r.io/a/app:1 -c ctx --cache=false --reproducible --insecure",
    {
      ...PUSHED,
      buildArgs: { SOURCE_DATE_EPOCH: "0" },
      outputs: [{ type: "registry", insecure: true }],
    },
  ],
  [
    "kaniko -d r.io/a/app:1 --no-push -c ctx --tar-path out.tar --oci-layout-path out --compression zstd --compression-level 3",
    {
      ...PUSHED,
      outputs: [
        { type: "docker", dest: at("out.tar"), compression: "zstd", compressionLevel: 3 },
        { type: "oci", dest: at("out"), tar: false, compression: "zstd", compressionLevel: 3 },
      ],
    },
  ],
  ["kaniko --no-push -c ctx", { outputs: [{ type: "cacheonly" }], context: at("ctx") }],
  [
    "kaniko --no-push -c git://example.com/a.git#refs/heads/main --context-sub-path sub",
    {
      outputs: [{ type: "cacheonly" }],
      context: "https://example.com/a.git#main:sub",
    },
  ],
  [
    "kaniko --no-push -c git://example.com/a.git#refs/heads/main#5cd3d1ae18a0",
    {
      outputs: [{ type: "cacheonly" }],
      context: "https://example.com/a.git#5cd3d1ae18a0",
    },
  ],
  [
    "kaniko --no-push -c git://example.com/a.git --git branch=x,single-branch=true",
    {
      outputs: [{ type: "cacheonly" }],
      context: "https://example.com/a.git#x",
    },
  ],
  ["bud", { dockerfile: at("Containerfile"), context: at(".") }],
  [
    "bud -f Dockerfile.x -t app --layers --rm --squash=false ctx",
    { dockerfile: at("ctx/Dockerfile.x"), tags: ["app"], context: at("ctx") },
  ],
  ["bud --build-arg-file args.conf --build-arg A=2 ctx", { buildArgs: { A: "2", B: "2 3" }, context: at("ctx") }],
  [
    "bud --format docker --timestamp 5 --network private --isolation rootless --pull=ifnewer ctx",
    {
      buildArgs: { SOURCE_DATE_EPOCH: "5" },
      outputs: [{ type: "image", ociMediaTypes: false }],
      network: "default",
      isolation: "auto",
      pull: true,
      context: at("ctx"),
    },
  ],
  [
    "bud --arch arm --variant v7 --pull-never --manifest list:1 ctx",
    {
      platforms: ["linux/arm/v7"],
      pull: "never",
      tags: ["list:1"],
      context: at("ctx"),
    },
  ],
  ["bud --override-arch arm64 ctx", { platforms: ["linux/arm64"], context: at("ctx") }],
  ["bud --created-annotation=false ctx", { context: at("ctx") }],
  [
    "bud --cache-from r/c --cache-to r/c --build-context b=container-image://d --no-cache -q ctx",
    {
      cacheFrom: [{ type: "registry", ref: "r/c" }],
      cacheTo: [{ type: "registry", ref: "r/c", mode: "max" }],
      buildContexts: { b: "docker-image://d" },
      noCache: true,
      context: at("ctx"),
    },
  ],
  ["bud ctx", { buildArgs: { HTTP_PROXY: "http://p" }, context: at("ctx") }, { HTTP_PROXY: "http://p" }],
  ["bud --http-proxy=false ctx", { context: at("ctx") }, { HTTP_PROXY: "http://p" }],
];

const DEFAULTS: BuildOptions = { buildArgs: {}, noCache: false, pull: false, collect: false };

for (const [line, options, env] of READ) {
  test(`${line}${env === undefined ? "" : " with a proxy"}`, async (t) => {
    // An address is a path elsewhere than in the working directory of the process.
    const cwd = line.includes("git://") ? {} : { cwd: directory.path };
    const run = await runRig(line.split(" "), { ...cwd, ...(env === undefined ? {} : { env }) });
    t.is(run.code, 0, run.stderr);
    t.deepEqual(run.builds, [{ ...DEFAULTS, ...options }]);
  });
}

test("buildah's --iidfile-raw has the id without its algorithm", async (t) => {
  for (const line of ["bud --iidfile-raw raw ctx", "bud --raw-iidfile raw --iidfile id ctx"]) {
    const { code, stderr } = await runRig(line.split(" "), { cwd: directory.path });
    t.is(code, 0, stderr);
    t.is(readFileSync(at("raw"), "utf8"), IMAGE_ID.replace("sha256:", ""));
  }
  t.is(readFileSync(at("id"), "utf8"), IMAGE_ID);
});

test("kaniko's files name the digest", async (t) => {
  const line =
    "kaniko -c ctx -d r.io/a/app:1 -d r.io/b --digest-file digest --image-name-with-digest-file names --image-name-tag-with-digest-file tags";
  const { code, stderr } = await runRig(line.split(" "), { cwd: directory.path });
  t.is(code, 0, stderr);
  const { digest } = DESCRIPTOR;
  t.is(readFileSync(at("digest"), "utf8"), digest);
  t.is(readFileSync(at("names"), "utf8"), `r.io/a/app@${digest}\nr.io/b@${digest}\n`);
  t.is(readFileSync(at("tags"), "utf8"), `r.io/a/app:1@${digest}\nr.io/b@${digest}\n`);
});

const REFUSED: readonly (readonly [line: string, what: RegExp])[] = [
  ["kaniko -c ctx", /--destination is missing\nhint: give --destination NAME, or --no-push/],
  ["kaniko --no-push -c s3://bucket/x.tar", /Cannot read the context "s3:\/\/bucket\/x.tar"\nhint: .*tar:\/\/stdin/],
  ["kaniko --no-push -c tar://x.tar.gz", /hint: gunzip -c x.tar.gz \| tsbuild kaniko/],
  ["bud -f a -f b", /one Dockerfile makes an image\nhint: cat A B/],
  ["bud --network ns:/run/x", /hint: steps have the networks private, none and host/],
  ["bud --build-arg-file missing", /Cannot read "missing" for --build-arg-file: there is no such file/],
  ["bud --inherit-labels=false", /Cannot use --inherit-labels=false/],
];

for (const [line, what] of REFUSED) {
  test(`refused: ${line}`, async (t) => {
    const { code, stderr, builds } = await runRig(line.split(" "), { cwd: directory.path });
    t.deepEqual([code, builds.length], [2, 0]);
    t.regex(stderr, what);
  });
}
