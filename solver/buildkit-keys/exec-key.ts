import { unreachable } from "../../core/errors.js";
import type { ExecOp, Mount } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import { parsePlatform } from "../../oci/platform.js";
import { mkdirKey } from "./file-key.js";
import { goJson, omitEmpty } from "./go-json.js";
import { type ContentSelector, digestOf, type KeyInput, type KeyVertex, recordDigest } from "./key-vertex.js";

const NETWORKS = { default: 0, host: 1, none: 2 } as const;
const SECURITY = { sandbox: 0, insecure: 1 } as const;
const SHARING = { shared: 0, private: 1, locked: 2 } as const;
const MOUNTS = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;

/** Number of a mount's missing output or input. */
const NONE = -1;

/** Default of a cache mount, for which BuildKit makes no directory beforehand. */
const PLAIN_CACHE = { uid: 0, gid: 0, mode: 0o755 };

/**
 * Returns the key of RUN, as `ExecOp.CacheMap` and `llb.ExecOp.Marshal` make it: everything but
 * addresses of hosts, proxies, and names of caches.
 */
export function execKey(op: ExecOp, vertex: Vertex, known: (input: Vertex) => KeyVertex | undefined): KeyVertex | undefined {
  const inputs = new ExecInputs(vertex, known);
  const mounts: Record<string, unknown>[] = [];
  for (const mount of withShm(op)) {
    const message = mountMessage(mount, inputs);
    if (!message) return undefined;
    mounts.push(message);
  }
  // BuildKit leaves out a root filesystem that stands alone.
  const plain = mounts.length === 1 && op.mounts[0]?.type === "bind" && !op.mounts[0].readonly;
  const exec = omitEmpty({
    meta: omitEmpty({
      args: op.args,
      env: op.env,
      cwd: op.cwd,
      user: op.user,
      extraHosts: (op.extraHosts ?? []).map(({ host }) => omitEmpty({ Host: host })),
      hostname: op.hostname,
      ulimit: (op.ulimits ?? []).map(({ name, soft, hard }) => omitEmpty({ Name: name, Soft: soft, Hard: hard })),
      removeMountStubsRecursive: true,
    }),
    mounts: plain ? [] : mounts,
    network: NETWORKS[op.network],
    security: SECURITY[op.security],
    secretenv: (op.secretEnv ?? []).map(({ id, name, optional }) => omitEmpty({ ID: id, name, optional })),
  });
  const { os, architecture, variant } = parsePlatform(vertex.platform ?? "linux");
  const json = goJson({ Type: "buildkit.exec.v0", Exec: exec, OS: os, Arch: architecture, ...omitEmpty({ Variant: variant }) });
  const all = inputs.all();
  return json === undefined || !all ? undefined : { digests: [recordDigest(digestOf(json), 0)], inputs: all };
}

/**
 * Returns the mounts in BuildKit's order: by path, then secrets, then agents. The size of /dev/shm
 * is a mount.
 */
function withShm(op: ExecOp): readonly Mount[] {
  const shm: Mount[] = op.shmSize ? [{ type: "tmpfs", dest: "/dev/shm", readonly: false, size: op.shmSize }] : [];
  const rank = ({ type }: Mount): number => (type === "ssh" ? 2 : type === "secret" ? 1 : 0);
  const files = [...op.mounts, ...shm];
  return files.sort((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? (a.dest < b.dest ? -1 : 1) : 0));
}

function mountMessage(mount: Mount, inputs: ExecInputs): Record<string, unknown> | undefined {
  const { dest, readonly: isReadonly } = mount;
  switch (mount.type) {
    case "bind": {
      // A script of a heredoc is mounted below a directory that BuildKit writes with a slash.
      const target = dest === "/dev/pipes" ? "/dev/pipes/" : dest;
      const output = dest === "/" && !isReadonly ? 0 : NONE;
      return omitEmpty({ input: inputs.add(mount), dest: target, output, readonly: isReadonly });
    }
    case "cache": {
      const input = mount.input < 0 ? inputs.addPrepared(mount) : inputs.add(mount);
      if (input === undefined) return undefined;
      const common = { input, dest, output: NONE, readonly: isReadonly, mountType: MOUNTS.cache };
      return { ...omitEmpty(common), cacheOpt: cacheMessage(mount) };
    }
    case "tmpfs":
      return {
        ...omitEmpty({ input: NONE, dest, output: NONE, readonly: isReadonly, mountType: MOUNTS.tmpfs }),
        TmpfsOpt: omitEmpty({ size: mount.size }),
      };
    case "secret":
    case "ssh": {
      const { id, uid, gid, mode, optional } = mount;
      // The default agent has no name there.
      const name = mount.type === "ssh" && id === "default" ? "" : id;
      const file = omitEmpty({ ID: name, uid, gid, mode, optional });
      const member = mount.type === "secret" ? "secretOpt" : "SSHOpt";
      return { ...omitEmpty({ input: NONE, dest, mountType: MOUNTS[mount.type] }), [member]: file };
    }
    default:
      return unreachable(mount);
  }
}

/** Returns the message of a cache mount. Its name counts only when it is the default one. */
function cacheMessage({ id, dest, sharing }: Mount & { readonly type: "cache" }): Record<string, unknown> {
  const inNamespace = id.slice(id.indexOf("/") + 1) === dest && !id.startsWith("/");
  if (sharing !== "shared" || (id !== dest && !inNamespace)) return {};
  return omitEmpty({ ID: inNamespace ? id : `/${id}`, sharing: SHARING[sharing] });
}

interface ExecInput {
  readonly source: Vertex | undefined;
  readonly vertex: KeyVertex | undefined;
  readonly selectors: string[];
  /** True when its content may stand in the key. */
  content: boolean;
}

/** The inputs in the order in which BuildKit numbers them: sorted like the mounts that use them. */
class ExecInputs {
  readonly #vertex: Vertex;
  readonly #known: (input: Vertex) => KeyVertex | undefined;
  readonly #found: ExecInput[] = [];

  constructor(vertex: Vertex, known: (input: Vertex) => KeyVertex | undefined) {
    this.#vertex = vertex;
    this.#known = known;
  }

  add({ input, selector, dest }: Mount & { readonly type: "bind" | "cache" }): number {
    const source = this.#vertex.inputs[input]?.vertex;
    if (!source) return NONE;
    let index = this.#found.findIndex((other) => other.source === source);
    if (index === -1) index = this.#found.push({ source, vertex: this.#known(source), selectors: [], content: true }) - 1;
    const entry = this.#found[index] as ExecInput;
    entry.selectors.push(selector);
    // The root filesystem counts by its own key only.
    if (dest === "/") entry.content = false;
    return index;
  }

  /**
   * Adds the directory of a cache mount that has an owner or a mode: BuildKit makes it beforehand.
   */
  addPrepared({ uid, gid, mode }: Mount & { readonly type: "cache" }): number | undefined {
    if (uid === PLAIN_CACHE.uid && gid === PLAIN_CACHE.gid && mode === PLAIN_CACHE.mode) return NONE;
    const vertex = mkdirKey("/cache", mode, { user: uid, group: gid });
    return vertex && this.#found.push({ source: undefined, vertex, selectors: ["/cache"], content: false }) - 1;
  }

  /** Returns the inputs; undefined when one of them has no key. */
  all(): readonly KeyInput[] | undefined {
    const inputs = this.#found.map(({ source, vertex, selectors, content }): KeyInput => {
      const request = content && source ? { input: source, selectors: contentSelectors(selectors) } : undefined;
      return { vertex, selector: digestOf(selectors.join("\0")), content: request };
    });
    return inputs.every(({ vertex, content }) => vertex !== undefined || content !== undefined) ? inputs : undefined;
  }
}

/** Returns each path once, without those below another. */
function contentSelectors(paths: readonly string[]): readonly ContentSelector[] {
  const distinct = [...new Set(paths)].sort();
  const within = (path: string, other: string): boolean => path !== other && path.startsWith(other.endsWith("/") ? other : `${other}/`);
  const kept = distinct.filter((path) => !distinct.some((other) => within(path, other)));
  return kept.map((path) => ({ path, wildcard: false, followLinks: path !== "/", include: [], exclude: [] }));
}
