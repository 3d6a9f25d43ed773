import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { inParallel } from "../../../core/tasks/in-parallel.js";
import { busyboxSuite } from "../../support/images/busybox-suite.js";
import { removeTree } from "../../support/remove-tree.js";
import { Rig } from "../../support/rigs/rig.js";

// Each kind of file of a store, damaged in each way: the next build gives the right image, or says
// what is wrong, and the store heals.

const { serial, host } = busyboxSuite();

const DOCKERFILE = `ARG REGISTRY=localhost
FROM $REGISTRY/busybox AS made
RUN --mount=type=cache,target=/cache seq 1 20000 >/made; cp /made /cache/; echo said
FROM $REGISTRY/busybox
COPY data /data
COPY --from=made /made /made
RUN cat /data /made | md5sum >/sum; ls -l /bin | wc -l >>/sum
ARG N
RUN cat /sum /etc/passwd >/last; echo $N >>/last; echo said $N
`;

/** Kinds of damage to a file; \`removed\` may be a whole directory. */
const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  cut: (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  emptied: (path) => truncateSync(path, 0),
  zeroed: (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
  changed: (path) => {
    const bytes = readFileSync(path);
    if (bytes.length === 0) return;
    const middle = bytes.length >> 1;
    bytes.writeUInt8((bytes[middle] ?? 0) ^ 0x55, middle);
    writeFileSync(path, bytes);
  },
  removed: (path) => rmSync(path, { recursive: true }),
};

/** Files of one kind in the versioned folder. */
type Find = (store: Store) => readonly string[];

/** A store whose files are found by their content. */
class Store {
  readonly base: string;

  constructor(base: string) {
    this.base = base;
  }

  files(folder: string): readonly string[] {
    const directory = join(this.base, folder);
    return readdirSync(directory, { recursive: true, encoding: "utf8" })
      .map((name) => join(directory, name))
      .filter((path) => statSync(path).isFile());
  }

  /** Returns the paths of the blobs whose bytes pass a test. */
  blobs(test: (bytes: Buffer) => boolean): readonly string[] {
    return this.files("blobs/sha256").filter((path) => test(readFileSync(path)));
  }

  json(member: string): readonly string[] {
    return this.blobs((bytes) => bytes[0] === 0x7b && member in (JSON.parse(bytes.toString("utf8")) as object));
  }
}

const isGzip = (bytes: Buffer) => bytes[0] === 0x1f && bytes[1] === 0x8b;
const byEnd =
  (...ends: readonly string[]): Find =>
  ({ base }) =>
    ends.map((end) => join(base, end)).filter((path) => existsSync(path));

interface Kind {
  readonly find: Find;
  /** For what is believed while it is there (docs/caching.md). */
  readonly flags?: readonly string[];
  /** Not in every store: what has to be there is found by the others. */
  readonly maybe?: boolean;
  /** Commands that read the files as well, beside builds. */
  readonly commands?: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  "the largest compressed layer": {
    find: (store) => [...store.blobs(isGzip)].sort((a, b) => statSync(b).size - statSync(a).size).slice(0, 1),
  },
  "all compressed layers": { find: (store) => store.blobs(isGzip) },
  "configs of images": { find: (store) => store.json("rootfs"), commands: ["images"] },
  "manifests of images": { find: (store) => store.json("layers"), commands: ["images"] },
  "index.db": { find: byEnd("index.db"), commands: ["images", "logs"] },
  "index.db and its log": { find: byEnd("index.db", "index.db-wal", "index.db-shm"), commands: ["images", "logs"] },
  "the log of index.db": { find: byEnd("index.db-wal"), maybe: true, commands: ["images", "logs"] },
  "index.json": { find: byEnd("index.json"), commands: ["images"] },
  "oci-layout": { find: byEnd("oci-layout") },
  "tables of contents": { find: (store) => store.files("toc") },
  "parsed Dockerfiles": { find: (store) => store.files("memo/ast") },
  "all memos": { find: (store) => store.files("memo") },
  "digests of local files": { find: (store) => store.files("stat") },
  "logs of steps": { find: (store) => store.files("builds"), commands: ["logs"] },
  "files in cache mounts": { find: (store) => store.files("mounts") },
  "a file of an unpacked base image": {
    find: ({ base }) =>
      readdirSync(join(base, "snapshots"))
        .map((name) => join(base, "snapshots", name, "fs/etc/passwd"))
        .filter((path) => existsSync(path)),
    flags: ["--no-cache"],
  },
  "the reserve": { find: byEnd("reserve") },
};

/**
 * Damages after which `du --verify` and one more build follow: content that is there but wrong, and
 * none.
 */
const VERIFIED: ReadonlySet<string> = new Set(["changed", "removed"]);

/** Stores of a kind that are looked at side by side. */
const PARALLEL = 2;

const EPOCH = { SOURCE_DATE_EPOCH: "1700000000" };

let rig: Rig;
let expected: string;

const args = (out: string, n: string, flags: readonly string[]) => {
  const destination = `type=oci,dest=${out}`;
  return [
    "build",
    "--progress=plain",
    "-t",
    "app",
    "-o",
    destination,
    "-o",
    "type=image,name=app",
    `--build-arg=REGISTRY=${host()}`,
    `--build-arg=N=${n}`,
    ...flags,
    rig.path("context"),
  ];
};

/** Builds in a store. Returns the archive's digest, or why there is none. */
async function build(
  store: string,
  n: string,
  flags: readonly string[] = [],
): Promise<{ readonly archive?: string; readonly error?: string }> {
  const out = `${store}.tar`;
  rmSync(out, { force: true });
  const { code, stderr } = await rig.cli(args(out, n, flags), { env: { ...EPOCH, TSBUILD_ROOT: store } });
  if (code !== 0) return { error: stderr };
  return {
    archive: createHash("sha256").update(readFileSync(out)).digest("hex"),
  };
}

async function copy(from: string, to: string): Promise<void> {
  removeTree(to);
  const { code, stderr } = await rig.spawn("cp", ["-a", "--reflink=auto", from, to]).ended;
  if (code !== 0) throw new Error(stderr);
}

serial("a store is made to be damaged", async (t) => {
  rig = new Rig();
  rig.context("context", { Dockerfile: DOCKERFILE, data: "some text\n".repeat(5000) });
  const whole = await build(rig.path("whole"), "1");
  t.is(whole.error, undefined);
  await copy(rig.path("whole"), rig.path("damaged"));
  const other = await build(rig.path("damaged"), "2");
  t.is(other.error, undefined);
  expected = other.archive as string;
  t.not(expected, whole.archive);
});

for (const [name, kind] of Object.entries(KINDS)) {
  serial(`damage to ${name} gives no wrong image and heals`, async (t) => {
    const { signal } = new AbortController();
    await inParallel(Object.keys(DAMAGES), { limit: PARALLEL, signal }, (how) => damaged(t, `${name} ${how}`, how, kind));
  });
}

async function damaged(
  t: ExecutionContext,
  what: string,
  how: string,
  { find, flags = [], maybe = false, commands = [] }: Kind,
): Promise<void> {
  const store = rig.path(`damaged-${how}`);
  await copy(rig.path("whole"), store);
  const files = find(new Store(join(store, "v1")));
  if (files.length === 0 && maybe) return;
  t.not(files.length, 0, what);
  for (const file of files) DAMAGES[how]?.(file);
  let built = await build(store, "2", flags);
  // Each attempt finds one of the damaged files.
  for (let attempts = files.length; built.error !== undefined && attempts > 0; attempts--) {
    t.notRegex(built.error, /error\[internal\]|error\[system/, what);
    t.regex(built.error, /error\[[a-z]+\/[a-z-]+\]: /, what);
    built = await build(store, "2", flags);
  }
  t.is(built.error, undefined, what);
  t.is(built.archive, expected, what);
  const run = (...command: readonly string[]) => rig.cli(command, { env: { TSBUILD_ROOT: store } });
  for (const command of commands) t.notRegex((await run(command)).stderr, /error\[internal\]/, `${what}: ${command}`);
  if (!VERIFIED.has(how)) return;
  // The first check reports what no build read, and repairs what it can. Damaged blobs stay until
  // something reads them.
  await run("du", "--verify");
  t.is((await build(store, "2", flags)).archive, expected, what);
}

test.after.always(() => rig?.dispose());
