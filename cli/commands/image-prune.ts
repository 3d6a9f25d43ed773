import { noImageFilter } from "./errors.js";
import type { ImageStore, PrunedImages, StoredImage } from "../../api/options/options.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { humanSize } from "../syntax/bytes.js";
import { confirmed } from "../prompts/confirm.js";
import { parseAge } from "../syntax/disk-filter.js";
import { type CliEnvironment, type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { hasLabel } from "../syntax/image-labels.js";
import { familiarName } from "../output/names.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "image prune",
        summary: "Remove images without a name",
        operands: "",
        count: [0, 0],
        flags: [
          { name: "all", short: "a", text: "Remove images with names, too" },
          {
            name: "filter",
            value: "<filter>",
            repeat: true,
            text: "Remove only: until=24h (made before that), label=KEY[=VALUE], label!=KEY[=VALUE], dangling=true|false",
          },
          { name: "force", short: "f", text: "Do not ask for confirmation" },
          ROOT_FLAG,
        ],
        after: 'Keeps cached steps: "tsbuild prune" removes them.',
      },
      args,
    );
    const filters = flags.all("filter").map((text) => parseImageFilter(text, environment));
    const all = filters.findLast((filter) => typeof filter === "boolean") ?? flags.has("all");
    const what = `This removes ${all ? "all images" : "all images without a name"}.`;
    if (!flags.has("force") && !(await confirmed(environment, what, "--force removes without asking"))) return EXIT.success;
    return withStore(environment, flags.one("root"), async (store) => {
      const only = (image: StoredImage): boolean => filters.every((filter) => typeof filter === "boolean" || filter(image, store));
      await print(environment.stdout, show(await store.pruneImages({ all, only })));
      return EXIT.success;
    });
  },
};

/** A test of an image. */
type ImageTest = (image: StoredImage, store: ImageStore) => boolean;

/** A test, or what `dangling` says of images with names. */
export type ImageFilter = ImageTest | boolean;

/**
 * Reads a filter: a test, or for `dangling` a boolean that is true when images with names are
 * removed too.
 */
export function parseImageFilter(text: string, environment: CliEnvironment): ImageFilter {
  const [, key, operator, value = ""] = /^([a-z]+)(!?=)(.+)$/s.exec(text) ?? [];
  if (key === "label") return (image, store) => hasLabel(image, value, store) === (operator === "=");
  const dangling = key === "dangling" && operator === "=" ? parseBoolean(value) : undefined;
  if (dangling !== undefined) return !dangling;
  if (key === "until" && operator === "=") {
    const before = environment.now() - parseAge(value, environment.now());
    return ({ created }) => created !== undefined && Date.parse(created) <= before;
  }
  throw noImageFilter(text);
}

/** Returns the pruned images as docker shows them. */
function show({ untagged, deleted, reclaimed }: PrunedImages): string {
  const lines = [...untagged.map((name) => `untagged: ${familiarName(name)}`), ...deleted.map((digest) => `deleted: ${digest}`)];
  const list = lines.length === 0 ? "" : `Deleted Images:\n${lines.join("\n")}\n\n`;
  return `${list}Total reclaimed space: ${humanSize(reclaimed)}\n`;
}
