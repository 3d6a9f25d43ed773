import type { ExportContext, ExportImage } from "../../exporters/exporter.js";
import { streamFiles } from "../../exporters/layer-stream.js";
import { planImages } from "../../exporters/rootfs-plan.js";
import { listAt, OS_RELEASES, readDistribution } from "./package-lists.js";
import type { FoundPackage } from "./spdx.js";

/**
 * Returns the packages that the lists in an image name: dpkg's, apk's, npm's and pip's. Reads each
 * layer that has one once, and runs nothing of the image.
 */
export async function scanPackages(image: ExportImage, context: ExportContext): Promise<readonly FoundPackage[]> {
  return packagesIn(await readLists(image, context));
}

/** Returns the packages that the lists among texts name, which stand under their paths. */
export function packagesIn(texts: ReadonlyMap<string, string>): readonly FoundPackage[] {
  const release = OS_RELEASES.map((path) => texts.get(path)).find((text) => text !== undefined);
  const distribution = readDistribution(release ?? "");
  return [...texts].flatMap(([from, text]) => {
    const list = listAt(from, text.length);
    return list === undefined ? [] : list.read(text, distribution).map((one) => ({ ...one, from }));
  });
}

/** Returns the texts of the lists by their paths. */
async function readLists(image: ExportImage, context: ExportContext): Promise<ReadonlyMap<string, string>> {
  const [plan] = await planImages([image], [""], context.signal);
  const texts = new Map<string, string>();
  for (const [index, layer] of image.layers.entries()) {
    const wanted = [...(plan?.files[index] ?? [])].filter(([, { names, meta }]) => names.some((name) => isScanned(name, meta.size)));
    if (wanted.length === 0) continue;
    const files = new Map(wanted);
    await streamFiles(layer, context, (path) => {
      const file = files.get(path);
      if (file === undefined) return undefined;
      const chunks: Buffer[] = [];
      return {
        // The reader uses its buffer again.
        data: (chunk) => void chunks.push(Buffer.from(chunk)),
        end: () => {
          const text = Buffer.concat(chunks).toString("utf8");
          for (const name of file.names) if (isScanned(name, file.meta.size)) texts.set(name, text);
        },
      };
    });
  }
  return texts;
}

/** Returns true for a file that {@link packagesIn} reads. */
export function isScanned(path: string, size: number): boolean {
  return listAt(path, size) !== undefined || ((OS_RELEASES as readonly string[]).includes(path) && size < 2 ** 16);
}
