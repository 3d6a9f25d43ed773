import { createHash } from "node:crypto";
import { type Canonical, canonicalJson, compareCodeUnits } from "../../core/canonical.js";
import type { CacheConfig, CacheLayer, CacheRecord } from "./config.js";
import type { KeyRecord, TransferContent, TransferLayer, TransferResult } from "./content.js";

/**
 * Writes a cache as BuildKit's config: the same content gives the same bytes. Every key of ours is
 * a record without inputs, because it stands for a whole graph already; BuildKit's records come
 * after these. `annotated` describes the layers in the config itself, for stores without manifests.
 */
export function writeConfig(content: TransferContent, options: { readonly annotated: boolean }): Buffer {
  const chains = new Chains(options.annotated);
  const records = writeRecords(content, (layers) => chains.add(layers));
  const mounts = [...content.mounts].sort((a, b) => compareCodeUnits(a.name, b.name));
  const encode = (ours: NonNullable<CacheConfig["tsbuild"]>): Buffer => {
    const config: CacheConfig = { layers: chains.layers, records, ...(Object.keys(ours).length === 0 ? {} : { tsbuild: ours }) };
    return Buffer.from(canonicalJson(config as unknown as Canonical));
  };
  const needed = mounts.length === 0 ? {} : { mounts };
  const [explain] = content.explanations ?? [];
  const explained = explain === undefined ? undefined : encode({ ...needed, explain });
  return explained && explained.length <= BUILDKIT_LIMIT ? explained : encode(needed);
}

/**
 * Bytes of a config from which on BuildKit does not read it. A config that reaches them is written
 * without explanations.
 */
const BUILDKIT_LIMIT = 1 << 20;

/** Characters of a step's name that are saved; some names are whole scripts. */
const MAX_NAME = 200;

/**
 * Returns the records of an inline cache: results whose layers are a prefix of `stack`, as indexes
 * into it.
 */
export function writeInlineRecords(
  { results, records: keys = [] }: Pick<TransferContent, "results" | "records">,
  stack: readonly TransferLayer[],
): string {
  const isWithin = ({ layers }: Pick<TransferResult, "layers">): boolean =>
    layers.every((layer, index) => layer.diffId === stack[index]?.diffId);
  const content = {
    results: results.filter(isWithin),
    records: keys.map((record) => (record.result && !isWithin(record.result) ? { ...record, result: undefined } : record)),
  };
  const records = writeRecords(content, (layers) => layers.length - 1);
  return Buffer.from(canonicalJson(records as unknown as Canonical)).toString("base64");
}

/**
 * Writes the records of results. Only the record of the primary key has the details; records of
 * further keys name that key. BuildKit reads no config above 1 MiB.
 */
function writeRecords({ results, records: keys = [] }: Pick<TransferContent, "results" | "records">, chain: Chain): CacheRecord[] {
  const records = new Map<string, CacheRecord>();
  const ordered = [...results].sort((a, b) => compareCodeUnits(a.keys[0], b.keys[0]));
  for (const { keys, name, createdAt, layers } of ordered) {
    const layer = chain(layers);
    const made = new Date(createdAt).toISOString();
    records.set(keys[0], {
      digest: `sha256:${keys[0]}`,
      ...(layer < 0 ? {} : { layers: [{ layer, createdAt: made }] }),
      tsbuild: { name: name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name, createdAt: made },
    });
  }
  for (const { keys } of ordered) {
    const [primary, ...others] = keys;
    for (const key of others) if (!records.has(key)) records.set(key, { digest: `sha256:${key}`, tsbuild: { primary } });
  }
  const ours = [...records.values()].sort((a, b) => compareCodeUnits(a.digest, b.digest));
  return [...ours, ...keys.map((record) => writeKeyRecord(record, ours.length, chain))];
}

type Chain = (layers: readonly TransferLayer[]) => number;

/**
 * Writes a record of BuildKit's. `before` is the number of records before these, whose links count
 * from the first of them.
 */
function writeKeyRecord({ digest, inputs, result }: KeyRecord, before: number, chain: Chain): CacheRecord {
  const layer = result ? chain(result.layers) : -1;
  return {
    digest,
    ...(inputs.length === 0
      ? {}
      : {
          inputs: inputs.map((links) =>
            links.map(({ selector, record }) => ({ ...(selector === "" ? {} : { selector }), link: before + record })),
          ),
        }),
    ...(!result || layer < 0 ? {} : { layers: [{ layer, createdAt: new Date(result.createdAt).toISOString() }] }),
  };
}

/** Chains of layers that share common beginnings. */
class Chains {
  readonly #annotated: boolean;
  readonly layers: CacheLayer[] = [];
  readonly #known = new Map<string, number>();

  constructor(annotated: boolean) {
    this.#annotated = annotated;
  }

  /** Adds a chain and returns the index of its topmost layer; -1 for no layers. */
  add(layers: readonly TransferLayer[]): number {
    let parent = -1;
    let id = "";
    for (const layer of layers) {
      id = createHash("sha256").update(`${id} ${layer.blob.digest}`).digest("hex");
      let known = this.#known.get(id);
      if (known === undefined) {
        known = this.layers.length;
        this.layers.push({ blob: layer.blob.digest, parent, ...(this.#annotated ? { annotations: annotations(layer) } : {}) });
        this.#known.set(id, known);
      }
      parent = known;
    }
    return parent;
  }
}

function annotations({ blob, diffId, createdAt }: TransferLayer): NonNullable<CacheLayer["annotations"]> {
  return {
    mediaType: blob.mediaType,
    diffID: diffId,
    size: blob.size,
    ...(createdAt === undefined ? {} : { createdAt: new Date(createdAt).toISOString() }),
  };
}
