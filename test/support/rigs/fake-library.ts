import { Readable } from "node:stream";
import type { BuildOptions, BuildResult, ImageStore, StoredImage } from "../../../api/options/options.js";
import type { BuildHistory, BuildRecord, BuildSummary } from "../../../cache/contract/builds.js";
import type { DiskItem, PrunePolicy, PruneReport } from "../../../api/options/disk-types.js";
import type { ResultSource } from "../../../cache/contract/results.js";
import type { DoctorReport } from "../../../api/options/doctor-types.js";
import type { LoginOptions } from "../../../api/image-store/registry-login.js";
import type { PulledImage, PullOptions, TransferOptions } from "../../../api/options/transfer-types.js";
import type { CliEnvironment } from "../../../cli/environment.js";
import { type Digest, sha256 } from "../../../core/digest.js";
import { TsbuildError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { Descriptor } from "../../../oci/types.js";

/** A build of the past, with what its steps printed by number. */
export interface RecordedRun {
  readonly record: BuildRecord;
  readonly logs?: Readonly<Record<number, string>>;
}

export interface CliRigOptions {
  /** `silent` never says anything and never ends. */
  readonly stdin?: string | Uint8Array | { readonly silent: true };
  /** Called when the terminal stops to show what is typed, and when it does again. */
  readonly onRawMode?: (raw: boolean) => void;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly tty?: boolean;
  readonly signal?: AbortSignal;
  /** Fake build. The default resolves with {@link RESULT}. */
  readonly build?: (options: BuildOptions, emit: (event: BuildEvent) => void) => Promise<BuildResult>;
  readonly images?: readonly StoredImage[];
  readonly disk?: FakeDisk;
  /** Newest first. */
  readonly history?: readonly RecordedRun[];
  /** By cache key, where results come from. */
  readonly sources?: Readonly<Record<string, ResultSource>>;
  readonly check?: CliEnvironment["api"]["check"];
  readonly outline?: CliEnvironment["api"]["outline"];
  readonly targets?: CliEnvironment["api"]["targets"];
  readonly buildGraph?: CliEnvironment["api"]["buildGraph"];
  readonly doctor?: DoctorReport;
  readonly run?: CliEnvironment["api"]["run"];
  readonly debug?: CliEnvironment["api"]["debug"];
  /** Called when a command takes the signals of the process. */
  readonly onSignals?: (take: (name: NodeJS.Signals) => boolean) => void;
  /** True lets commands that work at registries alone reach them. */
  readonly registries?: true;
  /** Fake login at a registry; undefined credentials are the kept ones. The default accepts any. */
  readonly login?: (options: LoginOptions) => Promise<"file" | "helper" | "before">;
  /** Result of a pull. Default: one new image. */
  readonly pulled?: readonly PulledImage[];
  /** Platform that alone of an index could be pushed. */
  readonly onlyPlatform?: string;
  /** Runs while something is transferred. */
  readonly transferring?: (emit: (event: BuildEvent) => void) => Promise<void>;
}

export const FAKE_REGISTRIES: Pick<CliEnvironment["api"], "combineImages" | "inspectRemote"> = {
  combineImages: ({ sources }) => Promise.resolve({ descriptor: DESCRIPTOR, bytes: Buffer.from("{}"), sources }),
  inspectRemote: (name, _options, use) =>
    use({
      name,
      descriptor: DESCRIPTOR,
      bytes: Buffer.from("{}"),
      document: { schemaVersion: 2, manifests: [] },
      images: () => Promise.resolve({}),
      attestations: () => Promise.resolve({}),
    }),
};

export const IMAGE_ID = sha256("config");
export const DESCRIPTOR: Descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256("manifest"), size: 7 };
export const PULLED: PulledImage = {
  name: "docker.io/library/app:latest",
  tag: "latest",
  digest: DESCRIPTOR.digest,
  id: IMAGE_ID,
  status: "downloaded",
};
export const RESULT: BuildResult = {
  imageId: IMAGE_ID,
  descriptor: DESCRIPTOR,
  exports: [{ type: "image", metadata: { "image.name": "docker.io/library/app:latest" } }],
  warnings: [],
  stats: { steps: 1, executed: 1, cached: 0, duration: 1 },
};

/** Fake disk usage of the store. */
interface FakeDisk {
  readonly items?: readonly DiskItem[];
  readonly problems?: readonly string[];
  readonly removed?: PruneReport["removed"];
}

export function fakeDisk(
  { items = [], problems = [], removed = [] }: FakeDisk,
  prunes: PrunePolicy[],
): Pick<ImageStore, "du" | "prune" | "verify"> {
  const sum = (list: readonly { readonly bytes: number }[]): number => list.reduce((total, { bytes }) => total + bytes, 0);
  return {
    du: () => Promise.resolve({ items, total: sum(items), reclaimable: sum(items.filter(({ reclaimable }) => reclaimable)), budget: 50e9 }),
    prune: (policy = {}) => {
      prunes.push(policy);
      return Promise.resolve({ removed, reclaimed: sum(removed) });
    },
    verify: () => Promise.resolve(problems),
  };
}

export function fakeHistory(runs: readonly RecordedRun[]): BuildHistory {
  const left = [...runs];
  const find = (id: string) => left.find(({ record }) => record.id === id);
  return {
    logs: () => {
      throw new Error("internal: the command line writes no logs");
    },
    add: () => undefined,
    addSoon: () => Promise.resolve(),
    list: () => left.map(({ record }) => Object.fromEntries(Object.entries(record).filter(([key]) => key !== "detail")) as BuildSummary),
    get: (id) => find(id)?.record,
    openLog: (id, index) => {
      const text = find(id)?.logs?.[index];
      return text === undefined ? undefined : Readable.from([Buffer.from(text)]);
    },
    remove: (ids) => ids.filter((id) => left.splice(left.findIndex(({ record }) => record.id === id) >>> 0, 1).length > 0).length,
  };
}

export function fakeTransfers(
  { pulled = [PULLED], onlyPlatform, transferring = () => Promise.resolve() }: CliRigOptions,
  transfers: (readonly [string, object])[],
): Pick<ImageStore, "pull" | "push"> {
  const transfer = async (what: string, { signal: _signal, onEvent, ...options }: PullOptions | TransferOptions): Promise<void> => {
    transfers.push([what, options]);
    await transferring((event) => onEvent?.(event));
  };
  return {
    pull: async (ref, options = {}) => {
      await transfer(`pull ${ref}`, options);
      return pulled;
    },
    push: async (ref, options = {}) => {
      await transfer(`push ${ref}`, options);
      return pulled.map(({ name, tag = "latest" }) => ({
        name,
        tag,
        descriptor: DESCRIPTOR,
        ...(onlyPlatform === undefined ? {} : { onlyPlatform }),
      }));
    },
  };
}

export function fakeAccounts(
  { login = () => Promise.resolve("file") }: CliRigOptions,
  transfers: (readonly [string, object])[],
): Pick<CliEnvironment["api"], "login" | "logout"> {
  return {
    login: async (options) => {
      const { registry = "docker.io", credentials } = options;
      transfers.push([`login ${registry}`, credentials ?? {}]);
      const place = await login(options);
      if (place === "before") return { registry, kept: undefined };
      return {
        registry,
        kept:
          place === "file" ? { kind: "file", path: "/home/me/.docker/config.json" } : { kind: "helper", program: "docker-credential-pass" },
      };
    },
    logout: ({ registry = "https://index.docker.io/v1/" }) => Promise.resolve({ server: registry, removed: registry !== "never.example" }),
  };
}

export function fakeStore(images: readonly StoredImage[]): Omit<ImageStore, "du" | "prune" | "verify" | "pull" | "push"> {
  const get = (ref: string): StoredImage => {
    const found = images.find(
      (image) =>
        image.names.includes(ref) ||
        image.names.includes(`docker.io/library/${ref}`) ||
        image.names.includes(`docker.io/library/${ref}:latest`) ||
        image.id.includes(ref) ||
        image.digest === ref,
    );
    if (!found)
      throw new TsbuildError("images/not-found", `Cannot find the image "${ref}"`, { hint: '"tsbuild images" lists what there is' });
    return found;
  };
  return {
    list: () => images,
    get,
    tag: (ref) => void get(ref),
    remove: (ref) => {
      const image = get(ref);
      return { untagged: image.names, deleted: [image.digest] };
    },
    inspect: (ref) => {
      const image = get(ref);
      return {
        Id: image.id,
        RepoTags: image.names,
        Architecture: "amd64",
        Config: { Env: ["PATH=/bin", "A=1"], Labels: { team: "blue" } },
      };
    },
    pruneImages: async ({ all = false, only = () => true } = {}) => {
      const chosen = images.filter((image) => (all || image.names.length === 0) && only(image));
      return {
        untagged: chosen.flatMap(({ names }) => names),
        deleted: chosen.map(({ digest }) => digest),
        reclaimed: chosen.reduce((sum, { size }) => sum + size, 0),
      };
    },
    history: (ref) => [
      {
        created: get(ref).created,
        createdBy: "RUN /bin/sh -c make    install PREFIX=/usr/local DESTDIR=/out # buildkit",
        size: 12_345_678,
        comment: "buildkit.dockerfile.v0",
        id: get(ref).id,
      },
      { created: undefined, createdBy: "COPY / / # buildkit", size: 0, comment: "", id: undefined },
    ],
    save: async (refs, dest) => {
      refs.forEach(get);
      if (typeof dest !== "string") await new Promise<void>((done) => dest.end(`archive of ${refs.join(" ")}`, () => done()));
    },
    load: async (source) => {
      const chunks: Uint8Array[] = [];
      if (typeof source !== "string") for await (const chunk of source) chunks.push(chunk as Uint8Array);
      return [
        { names: ["docker.io/library/app:1"], id: IMAGE_ID, digest: DESCRIPTOR.digest },
        { names: [], id: sha256(Buffer.concat(chunks)), digest: sha256("other") },
      ];
    },
    close: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}

/** Returns a stored image for listings. */
export function storedImage(seed: string, more: Partial<StoredImage> = {}): StoredImage {
  const digest: Digest = sha256(`manifest of ${seed}`);
  return {
    names: [`docker.io/library/${seed}:latest`],
    digest,
    id: sha256(seed),
    created: "2026-03-01T09:00:00Z",
    size: 4_567_890,
    platform: "linux/amd64",
    platforms: [{ platform: "linux/amd64", digest, id: sha256(seed), size: 4_567_890 }],
    descriptor: { ...DESCRIPTOR, digest },
    ...more,
  };
}
