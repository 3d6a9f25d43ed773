import type { ExecOp, Mount } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import { PLAIN_CACHE, PREPARED_CACHE } from "../../llb/wire/numbers.js";
import { NONE } from "../../llb/wire/write/inputs.js";
import { execMounts, hasDefaultName, type MountMessage, mountMessage } from "../../llb/wire/write/mount-message.js";
import { parsePlatform } from "../../oci/platform.js";
import { execMessage } from "./exec-message.js";
import { mkdirKey } from "./file-key.js";
import { goJson, omitEmpty } from "./go-json.js";
import { type ContentSelector, digestOf, type KeyInput, type KeyVertex, recordDigest } from "./key-vertex.js";

/**
 * Returns the key of RUN, as `ExecOp.CacheMap` and `llb.ExecOp.Marshal` make it: everything but
 * addresses of hosts, proxies, and names of caches.
 */
export function execKey(op: ExecOp, vertex: Vertex, known: (input: Vertex) => KeyVertex | undefined): KeyVertex | undefined {
  if (hasPartsOfTheMachine(op)) return undefined;
  const inputs = new ExecInputs(vertex, known);
  const mounts: MountMessage[] = [];
  for (const mount of execMounts(op)) {
    const message = keyMessage(mount, inputs);
    if (!message) return undefined;
    mounts.push(message);
  }
  // BuildKit leaves out a root filesystem that stands alone.
  const plain = mounts.length === 1 && op.mounts[0]?.type === "bind" && !op.mounts[0].readonly;
  const hosts = (op.extraHosts ?? []).map(({ host }) => ({ host, ip: "" }));
  const exec = execMessage({ ...op, extraHosts: hosts }, plain ? [] : mounts);
  const { os, architecture, variant } = parsePlatform(vertex.platform ?? "linux");
  const json = goJson({ Type: "buildkit.exec.v0", Exec: exec, OS: os, Arch: architecture, ...omitEmpty({ Variant: variant }) });
  const all = inputs.all();
  return json === undefined || !all ? undefined : { digests: [recordDigest(digestOf(json), 0)], inputs: all };
}

/** Returns what the key has of a mount: selectors are parts of the inputs. */
function keyMessage(mount: Mount, inputs: ExecInputs): MountMessage | undefined {
  const input = inputs.of(mount);
  if (input === undefined) return undefined;
  const message = { ...mountMessage(mount, input), selector: "" };
  // The name of a cache mount counts only when it is the default one.
  const counts = mount.type !== "cache" || (mount.sharing === "shared" && hasDefaultName(mount));
  return counts ? message : { ...message, cacheOpt: {} };
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

  /** Returns the number of a mount's input; undefined where the input has no key. */
  of(mount: Mount): number | undefined {
    if (mount.type === "bind") return this.#add(mount);
    if (mount.type !== "cache") return NONE;
    return mount.input < 0 ? this.#addPrepared(mount) : this.#add(mount);
  }

  /** Returns the inputs; undefined when one of them has no key. */
  all(): readonly KeyInput[] | undefined {
    const inputs = this.#found.map(({ source, vertex, selectors, content }): KeyInput => {
      const request = content && source ? { input: source, selectors: contentSelectors(selectors) } : undefined;
      return { vertex, selector: digestOf(selectors.join("\0")), content: request };
    });
    return inputs.every(({ vertex, content }) => vertex !== undefined || content !== undefined) ? inputs : undefined;
  }

  #add({ input, selector, dest }: Mount & { readonly type: "bind" | "cache" }): number {
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
  #addPrepared({ uid, gid, mode }: Mount & { readonly type: "cache" }): number | undefined {
    if (uid === PLAIN_CACHE.uid && gid === PLAIN_CACHE.gid && mode === PLAIN_CACHE.mode) return NONE;
    const vertex = mkdirKey(PREPARED_CACHE, mode, { user: uid, group: gid });
    return vertex && this.#found.push({ source: undefined, vertex, selectors: [PREPARED_CACHE], content: false }) - 1;
  }
}

/** Returns each path once, without those below another. */
function contentSelectors(paths: readonly string[]): readonly ContentSelector[] {
  const distinct = [...new Set(paths)].sort();
  const within = (path: string, other: string): boolean => path !== other && path.startsWith(other.endsWith("/") ? other : `${other}/`);
  const kept = distinct.filter((path) => !distinct.some((other) => within(path, other)));
  return kept.map((path) => ({ path, wildcard: false, followLinks: path !== "/", include: [], exclude: [] }));
}

/**
 * Returns true for a step with devices or directories of the machine. BuildKit lacks these, or
 * counts them otherwise.
 */
function hasPartsOfTheMachine({ devices = [], mounts }: ExecOp): boolean {
  return devices.length > 0 || mounts.some((mount) => mount.type === "bind" && mount.host !== undefined);
}
