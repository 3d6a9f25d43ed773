import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContainerRun, runInContainer } from "../../support/container/container.js";
import type { ContainerKind } from "../../support/container/containers.js";
import { removeTree } from "../../support/remove-tree.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

/** A step for each thing that environments differ in. */
const DOCKERFILE = `FROM scratch
COPY --chmod=755 busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY --chown=33:34 --chmod=640 file /srv/file
RUN mkdir -p /etc /a/b /a/c /tmp && chmod 1777 /tmp \\
 && printf 'root:x:0:0::/root:/bin/sh\\napp:x:1000:1000::/home/app:/bin/sh\\n' >/etc/passwd \\
 && printf 'root:x:0:\\napp:x:1000:\\n' >/etc/group \\
 && touch /a/b/set-id && chmod 4755 /a/b/set-id && mkfifo /a/fifo && ln -s b /a/link && ln /a/b/set-id /a/hard && touch -d @1000000000 /a/old
WORKDIR /home/app
RUN chown -R app:app /home/app /a/c && chmod 2775 /a/c && touch /a/c/inherits
USER app
RUN id -u >id && id -un >>id && cat /proc/self/status >/dev/null && echo x >/tmp/x
USER root
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/run/t --mount=type=bind,source=file,target=/run/f \\
    echo 1 >/cache/1 && echo 2 >/run/t/2 && cat /run/f >/seen
RUN --mount=type=secret,id=s,uid=1000,mode=0400 --network=none stat -c '%u %a' /run/secrets/s >/secret && cat /dev/null && echo out >/dev/stderr
RUN rm -rf /a/b /seen && rm /a/link && mkdir /a/link && touch /a/link/new
RUN rm -rf /a/c && mkdir /a/c && echo again >/a/c/again
`;

export interface Made {
  readonly run: ContainerRun;
  /** Digests of the layers without compression; empty when the build failed. */
  readonly layers: readonly string[];
}

/** Place of a store. `root` and `var-tmp` are on the container's root, `root` at the default. */
export type Store = "root" | "var-tmp" | "volume" | "tmpfs" | "ramfs";

/** Builds in a container of this kind, or on the machine itself. */
export async function buildIn(
  kind: ContainerKind | undefined,
  where: {
    readonly store: Store;
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
  },
): Promise<Made> {
  const volume = mkdtempSync(join(tmpdir(), "tsbuild-in-container-"));
  try {
    chmodSync(volume, 0o755);
    for (const name of ["context", "out", "store"]) mkdirSync(join(volume, name));
    copyFileSync(BUSYBOX as string, join(volume, "context/busybox"));
    writeFileSync(join(volume, "context/file"), "file\n");
    writeFileSync(join(volume, "context/Dockerfile"), DOCKERFILE);
    for (const name of ["out", "store"]) chownSync(join(volume, name), kind?.uid ?? 0, kind?.gid ?? 0);
    const store = { root: undefined, "var-tmp": "/var/tmp", volume: join(volume, "store"), tmpfs: "/store", ramfs: "/store" }[where.store];
    const env = { SECRET: "secret", ...(store === undefined ? {} : { TSBUILD_ROOT: `${store}/s` }), ...where.env };
    const to = ["-o", `type=oci,tar=false,compression=uncompressed,dest=${join(volume, "out/image")}`];
    const args = ["build", "--progress=plain", "--build-arg=SOURCE_DATE_EPOCH=1700000000", "--secret=id=s,env=SECRET", ...to];
    const command = [process.execPath, CLI, ...args, ...(where.args ?? []), join(volume, "context")];
    const filesystems = where.store === "tmpfs" || where.store === "ramfs" ? { "/store": where.store } : {};
    const run = await runInContainer(kind ?? MACHINE, command, { env, volumes: [volume], filesystems });
    return { run, layers: run.code === 0 ? layersOf(join(volume, "out/image")) : [] };
  } finally {
    removeTree(volume);
  }
}

/** Rights of the machine itself, with which every other place is compared. */
const MACHINE: ContainerKind = { capabilities: "all", seccomp: "unconfined", masked: false };

function layersOf(layout: string): readonly string[] {
  const read = (digest: string) =>
    JSON.parse(readFileSync(join(layout, "blobs/sha256", digest.replace("sha256:", "")), "utf8")) as Manifest;
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { readonly manifests: readonly Blob[] };
  return read(index.manifests[0]?.digest as string).layers.map(({ digest }) => digest);
}

interface Blob {
  readonly digest: string;
}

interface Manifest {
  readonly layers: readonly Blob[];
}
