import type { ExecutionContext } from "ava";
import { sha256 } from "../../../core/digest.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "../../../oci/registry/client.js";
import { RegistryError } from "../../../oci/registry/errors.js";
import type { Clock } from "../../../net/retry.js";
import type { Descriptor } from "../../../oci/types.js";
import { fakeRegistry, type FakeRegistry, type Handler } from "../../support/servers/registry.js";

export const CONFIG = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } }));
export const MANIFEST = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: sha256(CONFIG), size: CONFIG.length },
    layers: [],
  }),
);
export const BLOB = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
export const LAYER: Descriptor = { mediaType: mediaTypes.ociLayer, digest: sha256(BLOB), size: BLOB.length };

interface Rig {
  readonly fake: FakeRegistry;
  readonly client: RegistryClient;
  /** Milliseconds the client would have waited. */
  readonly waits: number[];
  readonly clock: Clock & { time: number };
}

function fakeClock(waits: number[]): Rig["clock"] {
  return {
    time: 1_000_000,
    now() {
      return this.time;
    },
    random: () => 1,
    async sleep(ms) {
      waits.push(ms);
      this.time += ms;
    },
  };
}

export async function rig(t: ExecutionContext, handler: Handler, options: RegistryClientOptions = {}): Promise<Rig> {
  const fake = await fakeRegistry(handler);
  const waits: number[] = [];
  const clock = fakeClock(waits);
  const client = createRegistryClient({
    env: {},
    credentials: { find: async () => undefined },
    certificateDirectories: [],
    clock,
    ...options,
  });
  t.teardown(async () => {
    client.close();
    await fake.close();
  });
  return { fake, client, waits, clock };
}

export async function read(blob: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of blob) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function failure(t: ExecutionContext, promise: Promise<unknown>): Promise<RegistryError> {
  return t.throwsAsync<RegistryError>(promise, { instanceOf: RegistryError });
}
