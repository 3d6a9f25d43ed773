import { chmodSync, chownSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openSqlite } from "../../cache/sqlite.js";
import { type OrdinaryUser, userWithoutIds, whoCanReach } from "../support/as-user.js";
import { missingForBusybox } from "../support/base-image.js";
import { tarOf } from "../support/images.js";
import { busyboxLayer, layeredLayout } from "../support/layered-layout.js";
import { instructionSteps } from "../support/plain-steps.js";
import { CLI, type Ended, Rig } from "../support/rig.js";
import { notInstalled, reasonIn, requires } from "../support/requires.js";

// The same Dockerfiles with ids mapped into the user namespace and with virtual owners: the same layers, byte for byte, under the same cache keys.

const missing = missingForBusybox();
const { serial } = requires(notInstalled(missing));
const another = whoCanReach(userWithoutIds(), CLI);
const asAnother = requires(notInstalled(missing), reasonIn(another)).serial;
let busybox: Buffer;

test.before(async () => {
  if (missing !== undefined) return;
  busybox = await busyboxLayer();
});

/** What base images hold that one id cannot own, or not so. */
const ODD = tarOf([
  { name: "srv/", type: "dir", mode: 0o2775, uid: 33, gid: 50 },
  { name: "srv/file", text: "x", mode: 0o4750, uid: 33, gid: 1000 },
  { name: "srv/closed", text: "y", mode: 0, uid: 1000, gid: 1000 },
  { name: "srv/link", type: "symlink", link: "file", uid: 33, gid: 33 },
  { name: "srv/other", type: "symlink", link: "file", uid: 1000, gid: 50 },
  { name: "srv/hard", type: "hardlink", link: "srv/file" },
  { name: "srv/fifo", type: "fifo", mode: 0o640, uid: 33, gid: 0 },
  { name: "srv/far", text: "z", mode: 0o644, uid: 40_000, gid: 50_000 },
  { name: "locked/", type: "dir", mode: 0o500, uid: 1000, gid: 0 },
  { name: "locked/inside", text: "i", mode: 0o600, uid: 1000, gid: 0 },
  { name: "cap", text: "c", mode: 0o755, xattrs: { "user.kept": Buffer.from("v").toString("base64") } },
]);

const DOCKERFILES: Readonly<Record<string, string>> = {
  "what root gives away": `FROM base
RUN mkdir -p /data/sub && echo hi >/data/f && ln -s f /data/l && ln /data/f /data/hard && mkfifo /data/p && chown -R app:www-data /data
RUN chown -h www-data /data/l && chown :staff /data/sub && chmod 2775 /data/sub && touch /data/sub/new && mkdir /data/sub/dir
RUN cp -a /data /copy && mv /data/f /data/g && chmod 000 /data/g && chmod u+s /copy/f && rm /copy/l
RUN chown -R 0:0 /copy && echo more >>/data/g
`,
  "what users make": `FROM base
USER app
WORKDIR /home/app/w
RUN touch mine && mkdir -p a/b && ln -s mine l && mkfifo p && (umask 077; echo x >secret; mkdir closed) && touch /tmp/t
USER www-data:staff
RUN touch /tmp/u && ln -s u /tmp/v
USER root
RUN su www-data -s /bin/sh -c 'touch /tmp/by-www; mkdir /tmp/dir-www; ln -s x /tmp/link-www' && touch /home/app/w/a/root
`,
  "what base images hold": `FROM base
RUN echo more >>/srv/file && rm /srv/fifo && touch /srv/new && chmod 600 /srv/closed
RUN chown -h app /srv/link && mv /srv/far /far && touch /locked/more && cat /locked/inside
RUN cp -a /srv /srv2
`,
  "what is copied, and read from other stages": `FROM base AS one
COPY --chown=app:staff --chmod=640 file /opt/file
COPY --chown=33 tree /opt/tree
RUN chown www-data /opt/tree/a && ln -s a /opt/tree/l && chown -h app /opt/tree/l
FROM base
COPY --from=one /opt /opt
COPY --from=one --chown=5:6 /srv /mine
RUN --mount=type=bind,from=one,source=/opt,target=/m cp -a /m/tree /again
RUN --mount=type=cache,target=/c,uid=1000,gid=50,mode=750 cp -a /c /cache-root && touch /c/x && chown 7:8 /c/x && cp -p /c/x /x
RUN --mount=type=tmpfs,target=/t touch /t/f && chown 9 /t/f && cp -p /t/f /f9 && ln -s y /t/l && chown -h 10 /t/l && cp -a /t/l /l10
`,
};

interface Machine {
  /** Builds, and answers what the command said. */
  build(dockerfile: string, store: string, ownership: "mapped" | "virtual", prefix?: readonly string[]): Promise<Ended>;
  /** Of the image built last: `MODE OWNER NAME` of every entry that the build made, by layer, after the layer's digest. */
  layers(): Promise<readonly (readonly string[])[]>;
  readonly rig: Rig;
}

async function withMachine(t: ExecutionContext, body: (machine: Machine) => Promise<void>): Promise<void> {
  const rig = new Rig();
  const blob = (digest: string) => rig.path("out", "blobs", "sha256", digest.slice("sha256:".length));
  const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Record<string, readonly { readonly digest: string }[]>;
  try {
    const base = await layeredLayout(rig.path("base"), [busybox, ODD]);
    rig.context("context", { file: "content", "tree/a": "a", "tree/deep/b": "b" });
    await body({
      rig,
      async build(dockerfile, store, ownership, prefix = []) {
        rig.context("context", { Dockerfile: dockerfile });
        rmSync(rig.path("out"), { recursive: true, force: true });
        const args = ["--root", rig.path(store), "build", "--progress=plain", "--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
        const from = [
          "--build-context",
          `base=oci-layout://${base}`,
          "-o",
          `type=oci,tar=false,dest=${rig.path("out")}`,
          rig.path("context"),
        ];
        const [command = process.execPath, ...rest] = [...prefix, process.execPath, CLI, ...args, ...from];
        const ended = await rig.spawn(command, rest, { env: { TSBUILD_OWNERSHIP: ownership } }).ended;
        t.is(ended.code, 0, ended.stderr);
        return ended;
      },
      async layers() {
        const [image] = json(rig.path("out", "index.json"))["manifests"] ?? [];
        return Promise.all(
          (json(blob(image?.digest ?? ""))["layers"] ?? []).slice(2).map(async ({ digest }) => {
            const { stdout } = await rig.spawn("tar", ["-tvzf", blob(digest), "--numeric-owner"]).ended;
            return [digest, ...stdout.toString("utf8").split("\n").filter(Boolean)];
          }),
        );
      },
    });
    t.deepEqual(rig.leftovers(), []);
  } finally {
    await rig.dispose();
  }
}

/** Every key that a store knows a result by. */
function keysOf(store: string): readonly unknown[] {
  const database = openSqlite(join(store, "v1", "index.db"));
  try {
    return database.prepare("SELECT key FROM keys ORDER BY key").all();
  } finally {
    database.close();
  }
}

serial("layers and keys are the same whether owners are mapped or virtual", (t) =>
  withMachine(t, async ({ build, layers, rig }) => {
    for (const [name, dockerfile] of Object.entries(DOCKERFILES)) {
      await build(dockerfile, "mapped", "mapped");
      const expected = await layers();
      await build(dockerfile, "virtual", "virtual");
      t.deepEqual(await layers(), expected, name);
    }
    t.deepEqual(keysOf(rig.path("virtual")), keysOf(rig.path("mapped")));
  }),
);

asAnother("a user without subordinate ids makes the same layers", (t) =>
  withMachine(t, async ({ build, layers, rig }) => {
    const user = another as OrdinaryUser;
    const dockerfile = DOCKERFILES["what users make"] as string;
    await build(dockerfile, "mapped", "mapped");
    const expected = await layers();
    chownSync(rig.directory, user.uid, user.gid);
    for (const name of ["home", "tmp", "run"]) chownSync(rig.path(name), user.uid, user.gid);
    for (const name of readdirSync(rig.directory)) if (name !== "mapped") chmodSync(rig.path(name), 0o755);
    // Nobody asks for virtual owners: there is nothing else.
    await build(dockerfile, "own", "mapped", ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"]);
    t.deepEqual(await layers(), expected);
  }),
);

serial("a store that is used both ways mixes nothing up", (t) =>
  withMachine(t, async ({ build, layers, rig }) => {
    const dockerfile = DOCKERFILES["what root gives away"] as string;
    const done = (ended: Ended) => instructionSteps(ended.stderr).DONE.length;
    const cached = (ended: Ended) => instructionSteps(ended.stderr).CACHED.length;
    const first = await build(dockerfile, "both", "mapped");
    const expected = await layers();
    t.deepEqual([done(first), cached(first)], [5, 0]);
    const counts = [];
    for (const ownership of ["virtual", "virtual", "mapped", "mapped"] as const) {
      const next = await build(dockerfile, "both", ownership);
      counts.push([ownership, done(next), cached(next)]);
      t.deepEqual(await layers(), expected, ownership);
    }
    t.deepEqual(counts, [
      ["virtual", 5, 0],
      ["virtual", 0, 5],
      ["mapped", 5, 0],
      ["mapped", 0, 5],
    ]);
    const verified = await rig.cli(["--root", rig.path("both"), "du", "--verify"]);
    t.is(verified.code, 0, verified.stderr);
  }),
);
