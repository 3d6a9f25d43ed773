import type { DiskItem } from "../../api/options/disk-types.js";
import { command as du } from "../commands/du.js";
import { type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { renderList } from "../output/list-format.js";
import { humanSize } from "../syntax/bytes.js";
import { LIST_FORMAT_FLAG, parseFlags, ROOT_FLAG } from "../syntax/flags.js";

const COLUMNS = [
  { field: "Type", heading: "TYPE" },
  { field: "TotalCount", heading: "TOTAL" },
  { field: "Active", heading: "ACTIVE" },
  { field: "Size", heading: "SIZE" },
  { field: "Reclaimable", heading: "RECLAIMABLE" },
];

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "system df",
        summary: "Show what images and cached steps take, as docker does",
        operands: "",
        count: [0, 0],
        flags: [LIST_FORMAT_FLAG, { name: "verbose", short: "v", text: "Show each part of the store, as tsbuild du" }, ROOT_FLAG],
        after: 'Sizes are real blocks on the disk. A layer that an image needs counts as part of the image. "tsbuild du" shows more.',
      },
      args,
    );
    const root = flags.one("root");
    if (flags.has("verbose")) {
      const format = flags.one("format");
      const more = [...(root === undefined ? [] : ["--root", root]), ...(format === undefined ? [] : ["--format", format])];
      return du.run(more, environment);
    }
    return withStore(environment, root, async (store) => {
      const images = store.list();
      const { items } = await store.du();
      const ofImages = items.filter(({ keptBy }) => keptBy.some((reason) => reason.startsWith("image ")));
      const ofCache = items.filter((item) => !ofImages.includes(item));
      const named = images.filter(({ names }) => names.length > 0).length;
      const inUse = ofCache.filter(({ running }) => running).length;
      const rows = [
        row("Images", [images.length, named], ofImages),
        row("Containers", [0, 0], []),
        row("Local Volumes", [0, 0], []),
        row("Build Cache", [ofCache.length, inUse], ofCache),
      ];
      const shown = COLUMNS.map(({ field }) => field);
      await print(environment.stdout, renderList(rows, COLUMNS, shown, flags.one("format")));
      return EXIT.success;
    });
  },
};

function row(type: string, [total, active]: readonly [number, number], items: readonly DiskItem[]): Record<string, string> {
  const sum = (list: readonly DiskItem[]): number => list.reduce((bytes, item) => bytes + item.bytes, 0);
  const size = sum(items);
  const free = sum(items.filter(({ reclaimable }) => reclaimable));
  const share = size === 0 ? "" : ` (${Math.floor((free * 100) / size)}%)`;
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size),
    Reclaimable: `${humanSize(free)}${share}`,
  };
}
