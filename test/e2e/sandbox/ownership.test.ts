import test from "ava";
import { type OrdinaryUser, userWithoutIds, whoCanReach } from "../../support/rigs/as-user.js";
import { missingForBusybox } from "../../support/images/base-image.js";
import { tarOf } from "../../support/images/images.js";
import { busyboxLayer } from "../../support/images/layered-layout.js";
import { keysOf, withOwnershipMachine } from "../../support/rigs/ownership-machine.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { CLI, type Ended } from "../../support/rigs/rig.js";
import { notInstalled, reasonIn, requires, withoutNamespaces, withoutRoot } from "../../support/requires.js";

// The same Dockerfiles with ids mapped into the user namespace and with virtual owners: the same
// layers, byte for byte, under the same cache keys.

const missing = missingForBusybox();
const { serial } = requires(notInstalled(missing), withoutNamespaces());
const another = whoCanReach(userWithoutIds(), CLI);
const asAnother = requires(notInstalled(missing), reasonIn(another)).serial;
let busybox: Buffer;

test.before(async () => {
  if (missing !== undefined) return;
  busybox = await busyboxLayer();
});

/** Files as base images hold them, with owners and modes that a single id cannot give them. */
const ODD_FILES: Parameters<typeof tarOf>[0] = [
  { name: "srv/", type: "dir", mode: 0o2775, uid: 33, gid: 50 },
  { name: "srv/file", text: "x", mode: 0o4750, uid: 33, gid: 1000 },
  { name: "srv/closed", text: "y", mode: 0, uid: 1000, gid: 1000 },
  { name: "srv/link", type: "symlink", link: "file", uid: 33, gid: 33 },
  { name: "srv/other", type: "symlink", link: "file", uid: 1000, gid: 50 },
  { name: "srv/hard", type: "hardlink", link: "srv/file", mode: 0o4750, uid: 33, gid: 1000 },
  { name: "srv/was-33", text: "l", uid: 33 },
  { name: "srv/is-0", type: "hardlink", link: "srv/was-33", uid: 0 },
  { name: "srv/was-0", text: "l", uid: 0 },
  { name: "srv/is-33", type: "hardlink", link: "srv/was-0", uid: 33 },
  { name: "srv/link-33", type: "symlink", link: "file", uid: 33 },
  { name: "srv/link-0", type: "hardlink", link: "srv/link-33", uid: 0 },
  { name: "srv/fifo", type: "fifo", mode: 0o640, uid: 33, gid: 0 },
  { name: "srv/far", text: "z", mode: 0o644, uid: 40_000, gid: 50_000 },
  { name: "locked/", type: "dir", mode: 0o500, uid: 1000, gid: 0 },
  { name: "locked/inside", text: "i", mode: 0o600, uid: 1000, gid: 0 },
  { name: "cap", text: "c", mode: 0o755, xattrs: { "user.kept": Buffer.from("v").toString("base64") } },
];
const ODD = tarOf(ODD_FILES);
/**
 * The same files with one name each. Without an overlay, a change shows under all names that a file
 * has in its layer.
 */
const ODD_SINGLE = tarOf(ODD_FILES.filter(({ type }) => type !== "hardlink"));

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

requires(notInstalled(missing), withoutRoot, withoutNamespaces()).serial("layers and keys are the same with namespaces and without", (t) =>
  withOwnershipMachine(t, [busybox, ODD_SINGLE], async ({ build, layers, rig }) => {
    for (const [name, text] of Object.entries(DOCKERFILES)) {
      // A write by root of the machine keeps the set-id bits of a file, as in Docker; one by root
      // of a user namespace clears them.
      const dockerfile = text.replace("ln /data/f /data/hard", "cp /data/f /data/hard").replace(">>/srv/file", ">>/srv/closed");
      await build(dockerfile, "mapped", "mapped");
      const expected = await layers();
      await build(dockerfile, "chroot", "chroot");
      t.deepEqual(await layers(), expected, name);
    }
    t.deepEqual(keysOf(rig.path("chroot")), keysOf(rig.path("mapped")));
  }),
);

serial("layers and keys are the same whether owners are mapped or virtual", (t) =>
  withOwnershipMachine(t, [busybox, ODD], async ({ build, layers, rig }) => {
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
  withOwnershipMachine(t, [busybox, ODD], async ({ build, layers }) => {
    const user = another as OrdinaryUser;
    const dockerfile = DOCKERFILES["what users make"] as string;
    await build(dockerfile, "mapped", "mapped");
    const expected = await layers();
    // Virtual owners need no option here, because this user has no other kind.
    await build(dockerfile, "own", user);
    t.deepEqual(await layers(), expected);
  }),
);

serial("a store that is used both ways mixes nothing up", (t) =>
  withOwnershipMachine(t, [busybox, ODD], async ({ build, layers, rig }) => {
    const dockerfile = DOCKERFILES["what root gives away"] as string;
    const done = (ended: Ended) => instructionSteps(ended.stderr).DONE.length;
    const cached = (ended: Ended) => instructionSteps(ended.stderr).CACHED.length;
    const first = await build(dockerfile, "both", "mapped");
    const expected = await layers();
    t.deepEqual([done(first), cached(first)], [5, 0], first.stderr);
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
