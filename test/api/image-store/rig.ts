import { join } from "node:path";
import { Writable } from "node:stream";
import type { ExecutionContext } from "ava";
import { openImageStore } from "../../../api/image-store/image-store.js";
import type { ImageStore } from "../../../api/options/options.js";
import { openStore } from "../../../cache/open-store.js";
import type { sha256 } from "../../../core/digest.js";
import { imageStore } from "../../../exporters/image-store.js";
import { exportContext, exportRequest, temporaryDirectory, testImage, testLayer, type TestEntry } from "../../support/images/images.js";

export const NAME = "docker.io/library/app:1";

export interface Rig {
  readonly dir: string;
  /** Opens another store, empty, which is closed with the test. */
  open(): Promise<{ readonly images: ImageStore; readonly root: string }>;
}

export function rig(t: ExecutionContext): Rig {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  let count = 0;
  return {
    dir: directory.path,
    async open() {
      const root = join(directory.path, `store${count++}`);
      const images = await openImageStore({ root });
      t.teardown(() => images.close());
      return { images, root };
    },
  };
}

/** Makes a store with one image: `app:1` with two layers. */
export async function filled(
  t: ExecutionContext,
  names: readonly string[] = [NAME],
  layers: readonly (readonly TestEntry[])[] = [[{ name: "a", text: "a" }], [{ name: "b", text: "b" }]],
) {
  const there = rig(t);
  const { images, root } = await there.open();
  const store = openStore({ root });
  t.teardown(() => store.close());
  const image = testImage(layers.map((entries) => testLayer(store, entries)));
  const result = await imageStore(store).export(exportRequest([image], names), exportContext(store));
  return { ...there, images, root, store, image, digest: result.descriptor?.digest as ReturnType<typeof sha256> };
}

export const collect = () => {
  const chunks: Buffer[] = [];
  return { chunks, sink: new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(Buffer.from(chunk)), done()) }) };
};
