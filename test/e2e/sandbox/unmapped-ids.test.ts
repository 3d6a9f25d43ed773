import test, { type ExecutionContext } from "ava";
import { type OrdinaryUser, ordinaryUser, userWithoutIds, whoCanReach } from "../../support/rigs/as-user.js";
import { missingForBusybox } from "../../support/images/base-image.js";
import { tarOf } from "../../support/images/images.js";
import { busyboxLayer } from "../../support/images/layered-layout.js";
import { type Builder, keysOf, withOwnershipMachine } from "../../support/rigs/ownership-machine.js";
import { notInstalled, reasonIn, requires, withoutRoot } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";

// Ids beyond the 65,536 that ordinary users have, as LDAP and OpenShift assign them: the same
// layers, trees and keys as root's, for whom every id is real.

const missing = missingForBusybox();
const withRange = whoCanReach(ordinaryUser(), CLI);
const withoutRange = whoCanReach(userWithoutIds(), CLI);
let busybox: Buffer;

test.before(async () => {
  if (missing === undefined) busybox = await busyboxLayer();
});

const FAR = 1_000_600_000;
const far = { uid: FAR, gid: FAR };

const BASE = tarOf([
  { name: "srv/", type: "dir", mode: 0o755, uid: 0, gid: 0 },
  { name: "srv/file", text: "x", mode: 0o644, ...far },
  { name: "srv/group", text: "y", mode: 0o640, uid: 33, gid: FAR },
  { name: "srv/real", text: "z", mode: 0o640, uid: 33, gid: 1000 },
  { name: "srv/link", type: "symlink", link: "file", ...far },
  { name: "srv/hard", type: "hardlink", link: "srv/file" },
  { name: "srv/fifo", type: "fifo", mode: 0o640, ...far },
  { name: "srv/run", text: "#!/bin/sh\n", mode: 0o6755, ...far },
  { name: "srv/shared/", type: "dir", mode: 0o2775, uid: 0, gid: FAR },
  { name: "srv/limit/", type: "dir", mode: 0o755, uid: 65_535, gid: 65_535 },
  { name: "srv/limit/65536", text: "", mode: 0o644, uid: 65_536, gid: 65_536 },
  { name: "srv/limit/65537", text: "", mode: 0o644, uid: 65_537, gid: 65_537 },
  { name: "srv/limit/last", text: "", mode: 0o644, uid: 4_294_967_294, gid: 4_294_967_294 },
]);

const DOCKERFILES: Readonly<Record<string, string>> = {
  "what base images hold": `FROM base
RUN cp -a /srv /copy && stat -c '%n %u:%g %a %F' /srv /srv/* /srv/limit/* /copy/* >/seen
RUN echo more >>/srv/file && chmod 600 /srv/group && touch /srv/shared/new && mkdir /srv/shared/dir && touch /srv/shared/dir/f && stat -c '%u:%g %a %n' /copy/* /srv/shared/* >/seen
RUN rm /copy/fifo && mv /srv/limit/last /last && tar -C /srv -cf /tmp/srv.tar group shared link && mkdir /again && tar -C /again -xpf /tmp/srv.tar && rm /tmp/srv.tar
`,
  "what root gives away": `FROM base
RUN touch /a /b /c /d && ln -s a /l && chown 1000600000 /a && chown 1000600000:1000600000 /b && ln -s a /k && chown -h 1000600000 /l /k && chgrp 65537 /c && chown 4294967294:65536 /d
RUN stat -c '%u:%g %n' /a /b /c /d /l >/seen && chown 0:0 /b && chown 33:33 /a && chown -h 0:0 /l && rm /k && ln -s a /k
RUN cp /etc/passwd /given && chown 1000600001:1000600002 /given && echo far:x:1000600000:65536::/home/far:/bin/sh >>/etc/passwd && mkdir /home/far && chown far: /home/far && su far -s /bin/sh -c 'id >/tmp/id; touch /home/far/mine'
`,
  "what is not said before": `FROM base AS clean
RUN rm -rf /srv
FROM scratch
COPY --from=clean / /
COPY --chmod=755 <<"END" /give
#!/bin/sh
echo begun; touch /once; mkdir /made
n=10006; n="$n"00000
chown -R "$n:$n" /made
touch /made/after; stat -c '%u:%g' /made >/seen; cp -a /made /made2
END
RUN /give
RUN stat -c '%u:%g %n' /made /made/after /made2 /made2/after >/seen
`,
  "what users make": `FROM base
RUN echo 'far:x:1000600000:1000600001::/home/far:/bin/sh' >>/etc/passwd && echo 'fars:x:1000600002:far,app' >>/etc/group
USER 1000600000
WORKDIR /w/numeric
RUN id -u >id && id -G >groups && mkdir -p a/b && ln -s x l && mkfifo p && (umask 077; echo x >secret)
USER 1000600000:65537
RUN id >/tmp/id && touch /tmp/t
USER far
WORKDIR /w/named
RUN id -G >groups && touch f && (chown 33 f; chown 1000600000:1000600002 f; true)
USER app
RUN id -G >/tmp/app && touch /tmp/of-app
USER 65535:65536
RUN touch /tmp/limit
`,
  "what is copied, and read from other stages": `FROM base AS one
COPY --chown=1000600000:1000600000 file /opt/file
COPY --chown=1000600000 tree /opt/tree
RUN stat -c '%u:%g %n' /opt/file /opt/tree /opt/tree/a >/opt/seen
FROM base
COPY --from=one /opt /opt
COPY --from=one --chown=4294967294:5 /srv/limit /limit
RUN --mount=type=bind,from=one,source=/opt,target=/m cp -a /m/tree /again
RUN --mount=type=cache,target=/c,uid=1000600000,gid=50,mode=750 cp -a /c /cache-root && touch /c/x && chown 70000:8 /c/x && cp -p /c/x /x
RUN --mount=type=cache,target=/c,uid=1000600000,gid=50,mode=750 stat -c '%u:%g %n' /c /c/x >/seen
RUN --mount=type=tmpfs,target=/t touch /t/f && chown 1000600000 /t/f && cp -p /t/f /f && ln -s y /t/l && chown -h 1000600000 /t/l && cp -a /t/l /l
`,
};

/** Everything that comes out of {@link DOCKERFILES}: layers and trees by name, and the keys. */
interface Made {
  readonly images: readonly (readonly [name: string, layers: readonly (readonly string[])[], tree: readonly string[]])[];
  readonly keys: readonly unknown[];
}

let asRoot: Promise<Made> | undefined;

/** Builds all of it in one store. */
async function make(t: ExecutionContext, builder: Builder): Promise<Made> {
  const images: (readonly [string, readonly (readonly string[])[], readonly string[]])[] = [];
  let keys: readonly unknown[] = [];
  await withOwnershipMachine(t, [busybox, BASE], async ({ build, layers, tree, rig }) => {
    for (const [name, dockerfile] of Object.entries(DOCKERFILES)) {
      await build(dockerfile, "store", builder);
      images.push([name, await layers(), await tree()]);
    }
    keys = keysOf(rig.path("store"));
  });
  return { images, keys };
}

/** Builds all of it as root, once, and as `builder`; what comes out must be the same. */
async function sameAsRoot(t: ExecutionContext, builder: Builder): Promise<void> {
  asRoot ??= make(t, "mapped");
  const expected = await asRoot;
  for (const [name, , tree] of expected.images) {
    t.true(
      tree.some((line) => /\b(1000600000|65537|4294967294)\b/.test(line)),
      name,
    );
  }
  t.deepEqual(await make(t, builder), expected);
}

const ways: readonly (readonly [string, Builder | { readonly reason: string }])[] = [
  ["with virtual owners", "virtual"],
  ["for a user with 65,536 subordinate ids", withRange],
  ["for a user without subordinate ids", withoutRange],
];
for (const [way, builder] of ways) {
  const reason = typeof builder === "object" ? reasonIn(builder) : undefined;
  requires(notInstalled(missing), withoutRoot, reason).serial(`ids beyond the range are the same as root's ${way}`, (t) =>
    sameAsRoot(t, builder as OrdinaryUser | "virtual"),
  );
}
