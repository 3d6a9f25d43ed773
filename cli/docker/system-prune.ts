import { type ImageFilter, parseImageFilter } from "../commands/image-prune.js";
import { type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { familiarName } from "../output/names.js";
import { confirmed } from "../prompts/confirm.js";
import { humanSize } from "../syntax/bytes.js";
import { parseAge } from "../syntax/disk-filter.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "system prune",
        summary: "Remove images without a name, and cached steps that no image is made of",
        operands: "",
        count: [0, 0],
        flags: [
          { name: "all", short: "a", text: "Also images with names, and all cached steps" },
          { name: "filter", value: "<filter>", repeat: true, text: "Only these: until=24h, label=KEY[=VALUE], label!=KEY[=VALUE]" },
          { name: "force", short: "f", text: "Do not ask" },
          { name: "volumes", text: "For docker's sake: there are no volumes", hidden: true },
          ROOT_FLAG,
        ],
        after: "With a label only images are removed: steps have none.",
      },
      args,
    );
    const all = flags.has("all");
    const texts = flags.all("filter");
    const filters = texts.map((text) => parseImageFilter(text, environment));
    const until = texts.findLast((text) => text.startsWith("until="))?.slice("until=".length);
    const what = all
      ? "all images, cached steps and cache mounts"
      : "all images without a name, cache mounts, and cached steps that no image is made of";
    if (!flags.has("force") && !(await confirmed(environment, `This removes ${what}.`, "--force removes without asking")))
      return EXIT.success;
    return withStore(environment, flags.one("root"), async (store) => {
      const tests = filters.filter((filter): filter is Exclude<ImageFilter, boolean> => typeof filter !== "boolean");
      const images = await store.pruneImages({ all, only: (image) => tests.every((test) => test(image, store)) });
      const untouched = texts.some((text) => text.startsWith("label"));
      const unused = until === undefined ? {} : { unusedFor: parseAge(until, environment.now()) };
      const cache = untouched ? { removed: [], reclaimed: 0 } : await store.prune({ all, ...unused });
      const lines = [
        ...section("Deleted Images:", [
          ...images.untagged.map((name) => `untagged: ${familiarName(name)}`),
          ...images.deleted.map((digest) => `deleted: ${digest}`),
        ]),
        ...section(
          "Deleted build cache objects:",
          cache.removed.map(({ id }) => id),
        ),
        `Total reclaimed space: ${humanSize(images.reclaimed + cache.reclaimed)}`,
      ];
      await print(environment.stdout, `${lines.join("\n")}\n`);
      return EXIT.success;
    });
  },
};

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines, ""];
}
