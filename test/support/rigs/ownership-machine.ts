import { chmodSync, chownSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Tier } from "../../../executor-native/tier.js";
import { openSqlite } from "../../../cache/database/sqlite.js";
import type { OrdinaryUser } from "./as-user.js";
import { layeredLayout } from "../images/layered-layout.js";
import { CLI, type Ended, Rig } from "./rig.js";

/**
 * User and mode of a build. A mode is for the user of the test: real owners where they are
 * possible, virtual owners, or no namespaces.
 */
export type Builder = "mapped" | "virtual" | "chroot" | (OrdinaryUser & { readonly isolation?: Tier });

export interface OwnershipMachine {
  /** Builds, and asserts success. Returns the output of the command. */
  build(dockerfile: string, store: string, builder: Builder): Promise<Ended>;
  /**
   * Returns `MODE OWNER NAME` of every entry that the latest build made, by layer, after the
   * layer's digest.
   */
  layers(): Promise<readonly (readonly string[])[]>;
  /** Returns `MODE OWNER NAME` of every entry of the image, as `type=tar` has it. */
  tree(): Promise<readonly string[]>;
  readonly rig: Rig;
}

/** Makes a machine with an image named `base`, made of these layers, to build on. */
export async function withOwnershipMachine(
  t: ExecutionContext,
  layers: readonly Buffer[],
  body: (machine: OwnershipMachine) => Promise<void>,
): Promise<void> {
  const rig = new Rig();
  const blob = (digest: string) => rig.path("out", "blobs", "sha256", digest.slice("sha256:".length));
  const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Record<string, readonly { readonly digest: string }[]>;
  const list = async (...args: readonly string[]) => {
    const { stdout } = await rig.spawn("tar", ["--numeric-owner", ...args]).ended;
    return stdout.toString("utf8").split("\n").filter(Boolean);
  };
  try {
    const base = await layeredLayout(rig.path("base"), layers);
    rig.context("context", { file: "content", "tree/a": "a", "tree/deep/b": "b" });
    await body({
      rig,
      async build(dockerfile, store, builder) {
        rig.context("context", { Dockerfile: dockerfile });
        for (const name of ["out", "rootfs.tar"]) rmSync(rig.path(name), { recursive: true, force: true });
        const args = ["--root", rig.path(store), "build", "--progress=plain", "--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
        const from = ["--build-context", `base=oci-layout://${base}`];
        const to = ["-o", `type=oci,tar=false,dest=${rig.path("out")}`, "-o", `type=tar,dest=${rig.path("rootfs.tar")}`];
        const [command, ...rest] = [...commandAs(rig, builder), ...args, ...from, ...to, rig.path("context")];
        const ended = await rig.spawn(command, rest, {
          env: { TSBUILD_OWNERSHIP: ownershipOf(builder), TSBUILD_ISOLATION: isolationOf(builder) },
        }).ended;
        t.is(ended.code, 0, ended.stderr);
        return ended;
      },
      async layers() {
        const [image] = json(rig.path("out", "index.json"))["manifests"] ?? [];
        const made = (json(blob(image?.digest ?? ""))["layers"] ?? []).slice(layers.length);
        return Promise.all(made.map(async ({ digest }) => [digest, ...(await list("-tvzf", blob(digest)))]));
      },
      tree: async () => (await list("-tvf", rig.path("rootfs.tar"))).sort(),
    });
    t.deepEqual(rig.leftovers(), []);
  } finally {
    await rig.dispose();
  }
}

/** Returns the beginning of the command's line. Gives the machine to another user. */
export function commandAs(rig: Rig, builder: Builder): readonly [string, ...string[]] {
  if (typeof builder !== "object") return [process.execPath, CLI];
  const { uid, gid } = builder;
  chownSync(rig.directory, uid, gid);
  for (const name of ["home", "tmp", "run"]) chownSync(rig.path(name), uid, gid);
  for (const name of ["base", "context"]) if (existsSync(rig.path(name))) chmodSync(rig.path(name), 0o755);
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", process.execPath, CLI];
}

function isolationOf(builder: Builder): string {
  if (typeof builder === "object") return builder.isolation ?? "auto";
  return builder === "chroot" ? "chroot" : "auto";
}

/** Returns the value of TSBUILD_OWNERSHIP. */
export function ownershipOf(builder: Builder): "mapped" | "virtual" {
  return builder === "virtual" ? "virtual" : "mapped";
}

/** Returns every key of the results in a store. */
export function keysOf(store: string): readonly unknown[] {
  const database = openSqlite(join(store, "v1", "index.db"));
  try {
    return database.prepare("SELECT key FROM keys ORDER BY key").all();
  } finally {
    database.close();
  }
}
