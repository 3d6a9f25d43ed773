import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import type { build as BuildFunction } from "../api/index.js";
import type { Builder, Job } from "./builder.js";
import { answers, run } from "./shell.js";

const LIMITS = { memory: "1g", pidsLimit: 500 } as const;

/** Returns tsbuild's own command as a builder. */
export function tsbuildCommand(cli: string, root: string): Builder {
  const env = { TSBUILD_ROOT: root };
  return {
    name: "tsbuild",
    async build(job) {
      const output = job.output.type === "oci" ? `type=oci,dest=${job.output.dest}` : "type=cacheonly";
      if (job.bake)
        return run([process.execPath, cli, "bake", "--progress", "quiet", ...HOST_NETWORK], {
          env,
          memory: job.memory ?? false,
          cwd: job.context,
        });
      const command = [
        process.execPath,
        cli,
        "build",
        "--progress",
        "quiet",
        "--network",
        networkOf(job),
        "-o",
        output,
        ...(job.noCache ? ["--no-cache"] : []),
        ...(job.limits ? ["--memory", LIMITS.memory, "--pids-limit", String(LIMITS.pidsLimit)] : []),
        job.context,
      ];
      return run(command, { env, memory: job.memory ?? false });
    },
    // Unpacked layers may belong to mapped ids, which only the worker can remove. Unpacked by root,
    // they are ours.
    clear: () => removeStore(root),
    close: () => removeStore(root),
  };
}

/** Returns tsbuild as a library in this process, like a program that builds often. */
export function tsbuildLibrary(index: string, root: string): Builder {
  let library: Promise<{ readonly build: typeof BuildFunction }> | undefined;
  return {
    name: "tsbuild library",
    async build(job) {
      library ??= import(index) as Promise<{ readonly build: typeof BuildFunction }>;
      const { build } = await library;
      const started = performance.now();
      const output = job.output.type === "oci" ? ({ type: "oci", dest: job.output.dest } as const) : ({ type: "cacheonly" } as const);
      const limits = job.limits ? LIMITS : {};
      await build({ context: job.context, root, outputs: [output], noCache: job.noCache ?? false, network: networkOf(job), ...limits });
      return { duration: performance.now() - started, peakMemory: undefined };
    },
    clear: () => removeStore(root),
    close: () => removeStore(root),
  };
}

function networkOf({ ownNetwork }: Job): "private" | "host" {
  return ownNetwork ? "private" : "host";
}

async function removeStore(root: string): Promise<void> {
  try {
    rmSync(root, { recursive: true, force: true });
  } catch {
    await run(["unshare", "--map-auto", "--map-root-user", "rm", "-rf", root]);
  }
}

export interface PeerSpec {
  readonly kind: "buildx" | "buildctl" | "buildah";
  readonly command: readonly string[];
  /** Directory that is `/` for the peer. */
  readonly root: string;
  /** True allows emptying all of a daemon's build cache for the cold cases. */
  readonly prune: boolean;
  /** Directory of the store of a peer without a daemon. */
  readonly store: string;
}

/** Opens a peer builder. Resolves to undefined when it does not answer. */
export async function openPeer(spec: PeerSpec): Promise<Builder | undefined> {
  const maker = { buildx, buildctl, buildah }[spec.kind];
  return maker(spec);
}

async function prune(spec: PeerSpec, args: readonly string[]): Promise<void> {
  if (!spec.prune) throw new Error("sits this case out: it would empty the daemon's whole build cache; --allow-prune lets it");
  await run([...spec.command, ...args]);
}

/** Right that bake files of the benchmark ask for, because a peer's network may need it. */
const HOST_NETWORK = ["--allow", "network.host"];

const NO_BAKE = "sits this case out: it reads no bake files";

const inside = (spec: PeerSpec, path: string): string => (spec.root === "/" ? path : join("/", relative(spec.root, path)));

async function buildx(spec: PeerSpec): Promise<Builder | undefined> {
  if (!(await answers([...spec.command, "inspect"]))) return undefined;
  return {
    name: "docker buildx",
    async build(job) {
      const output = job.output.type === "oci" ? `type=oci,dest=${inside(spec, job.output.dest)}` : "type=cacheonly";
      if (job.bake) {
        // A chroot begins in its root, so the shell goes to the context.
        const change = ["sh", "-c", 'cd "$0" && exec "$@"', inside(spec, job.context)];
        const { duration } = await run(inRoot(spec, change, ["bake", ...BAKE_FLAGS]));
        return { duration, peakMemory: undefined };
      }
      const flags = [
        "--progress",
        "quiet",
        "--provenance=false",
        "--network",
        "host",
        "--allow",
        "network.host",
        ...(job.noCache ? ["--no-cache"] : []),
      ];
      const { duration } = await run([...spec.command, "build", ...flags, "-o", output, inside(spec, job.context)]);
      return { duration, peakMemory: undefined };
    },
    clear: () => prune(spec, ["prune", "--all", "--force"]),
    close: () => Promise.resolve(),
  };
}

const BAKE_FLAGS = ["--progress", "quiet", "--provenance=false", ...HOST_NETWORK];

/** Returns a peer's command that begins with another one, behind what changes its root. */
function inRoot({ command, root }: PeerSpec, prefix: readonly string[], args: readonly string[]): readonly string[] {
  const at = root === "/" ? 0 : command.indexOf(root) + 1;
  return [...command.slice(0, at), ...prefix, ...command.slice(at), ...args];
}

async function buildctl(spec: PeerSpec): Promise<Builder | undefined> {
  if (!(await answers([...spec.command, "debug", "workers"]))) return undefined;
  return {
    name: "buildctl",
    async build(job) {
      if (job.bake) throw new Error(NO_BAKE);
      const context = inside(spec, job.context);
      const output = job.output.type === "oci" ? ["--output", `type=oci,dest=${inside(spec, job.output.dest)}`] : [];
      const flags = [
        "--progress",
        "plain",
        "--frontend",
        "dockerfile.v0",
        "--local",
        `context=${context}`,
        "--local",
        `dockerfile=${context}`,
      ];
      const { duration } = await run([
        ...spec.command,
        "build",
        ...flags,
        "--opt",
        "force-network-mode=host",
        "--allow",
        "network.host",
        ...(job.noCache ? ["--no-cache"] : []),
        ...output,
      ]);
      return { duration, peakMemory: undefined };
    },
    clear: () => prune(spec, ["prune", "--all"]),
    close: () => Promise.resolve(),
  };
}

async function buildah(spec: PeerSpec): Promise<Builder | undefined> {
  // A store of its own: emptying it for the cold cases removes nothing of the user's.
  const command = [...spec.command, "--root", join(spec.store, "root"), "--runroot", join(spec.store, "run")];
  if (!(await answers([...command, "info"]))) return undefined;
  const empty = async (): Promise<void> => void (await run([...command, "rmi", "--all", "--force"]));
  const tag = "localhost/tsbuild-bench";
  return {
    name: "buildah",
    async build(job: Job) {
      if (job.bake) throw new Error(NO_BAKE);
      const flags = [
        "--layers",
        "--quiet",
        "--network",
        "host",
        "--isolation",
        "chroot",
        "--tls-verify=false",
        ...(job.noCache ? ["--no-cache"] : []),
      ];
      const result = await run([...command, "build", ...flags, "-t", tag, inside(spec, job.context)], { memory: job.memory ?? false });
      if (job.output.type === "none") return result;
      const pushed = await run([...command, "push", "--quiet", tag, `oci-archive:${inside(spec, job.output.dest)}`], {
        memory: job.memory ?? false,
      });
      return { duration: result.duration + pushed.duration, peakMemory: Math.max(result.peakMemory, pushed.peakMemory) };
    },
    clear: empty,
    close: empty,
  };
}

const DEFAULTS: readonly (readonly [PeerSpec["kind"], readonly string[]])[] = [
  ["buildx", ["docker", "buildx"]],
  ["buildctl", ["buildctl"]],
  ["buildah", ["buildah"]],
];

/** Opens the requested peers, or all that are found. */
export async function findPeers(asked: readonly string[], options: Omit<PeerSpec, "kind" | "command">): Promise<readonly Builder[]> {
  const specs =
    asked.length > 0
      ? asked.map((text) => parsePeer(text, options))
      : DEFAULTS.map(([kind, command]): PeerSpec => ({ ...options, kind, command }));
  const peers: Builder[] = [];
  for (const spec of specs) {
    const peer = await openPeer(spec);
    if (peer) peers.push(peer);
    else process.stderr.write(`${spec.kind}: no answer from "${spec.command.join(" ")}"\n`);
  }
  return peers;
}

function parsePeer(text: string, options: Omit<PeerSpec, "kind" | "command">): PeerSpec {
  const [kind = "", ...rest] = text.split("=");
  const command = rest.join("=").split(/\s+/).filter(Boolean);
  if ((kind !== "buildx" && kind !== "buildctl" && kind !== "buildah") || command.length === 0) {
    throw new Error(`Cannot read --peer "${text}": expected buildx=COMMAND, buildctl=COMMAND or buildah=COMMAND`);
  }
  return { ...options, kind, command };
}
