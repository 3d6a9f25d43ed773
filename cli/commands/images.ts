import { badPattern } from "./errors.js";
import type { ImageStore, StoredImage } from "../../api/options/options.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { readGlob } from "../../core/text/glob.js";
import { compileWildcards } from "../../core/text/wildcards.js";
import { age, createdAt } from "../output/age.js";
import { humanSize } from "../syntax/bytes.js";
import { type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { parseAge } from "../syntax/disk-filter.js";
import { splitFilter } from "../syntax/filter.js";
import { IDS_FLAG, LIST_FORMAT_FLAG, parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { hasLabel } from "../syntax/image-labels.js";
import { renderTable } from "../../core/text/table.js";
import { renderList } from "../output/list-format.js";
import { familiarName, shownId, splitName } from "../output/names.js";

const COLUMNS = [
  { field: "Repository", heading: "REPOSITORY" },
  { field: "Tag", heading: "TAG" },
  { field: "Digest", heading: "DIGEST" },
  { field: "ID", heading: "IMAGE ID" },
  { field: "CreatedSince", heading: "CREATED" },
  { field: "CreatedAt", heading: "CREATED AT" },
  { field: "Platform", heading: "PLATFORM" },
  { field: "Size", heading: "SIZE" },
  { field: "VirtualSize", heading: "SIZE" },
  { field: "SharedSize", heading: "SHARED SIZE" },
  { field: "UniqueSize", heading: "UNIQUE SIZE" },
  { field: "Containers", heading: "CONTAINERS" },
];

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "images",
        summary: "List images in the local store",
        operands: "[REPOSITORY[:TAG]]",
        count: [0, 1],
        flags: [
          { name: "all", short: "a", text: "For docker's sake: every image is shown anyway" },
          { name: "digests", text: "Show digests" },
          {
            name: "filter",
            short: "f",
            value: "<key=value>",
            repeat: true,
            text: "dangling=true|false, reference=PATTERN, label=KEY[=VALUE], before=IMAGE, since=IMAGE, until=24h (made before that)",
          },
          LIST_FORMAT_FLAG,
          { name: "no-trunc", text: "Show whole ids" },
          { name: "tree", text: "Show the images of each index below it" },
          IDS_FLAG,
          ROOT_FLAG,
        ],
      },
      args,
    );
    const filters = flags.all("filter").map((text): Filter => splitFilter(text, FILTERS));
    const pattern = flags.operands[0];
    if (pattern !== undefined) filters.push({ key: "reference", value: pattern });
    return withStore(environment, flags.one("root"), async (store) => {
      const wanted = (image: StoredImage): boolean => filters.every((filter) => matches(filter, image, { store, now: environment.now() }));
      const images = store.list().filter(wanted);
      const full = flags.has("no-trunc");
      if (flags.has("quiet")) {
        const ids = [...new Set(images.map((image) => shownId(image.id, full)))];
        await print(environment.stdout, ids.map((id) => `${id}\n`).join(""));
        return EXIT.success;
      }
      if (flags.has("tree")) {
        await print(environment.stdout, imageTree(images, full));
        return EXIT.success;
      }
      const references = filters.filter(({ key }) => key === "reference").map(({ value }) => value);
      const rows = images.flatMap((image) => {
        const names = image.names.filter((name) => references.every((reference) => namePattern(reference)(name)));
        return (names.length > 0 ? names : [undefined]).map((name) => toRow(image, name, full, environment.now()));
      });
      const shown = ["Repository", "Tag", ...(flags.has("digests") ? ["Digest"] : []), "ID", "CreatedSince", "Size"];
      await print(environment.stdout, renderList(rows, COLUMNS, shown, flags.one("format")));
      return EXIT.success;
    });
  },
};

function toRow(image: StoredImage, name: string | undefined, full: boolean, now: number): Record<string, string> {
  const { repository, tag } = splitName(name);
  return {
    Repository: repository,
    Tag: tag,
    Digest: image.digest,
    ID: shownId(image.id, full),
    CreatedSince: age(image.created, now),
    CreatedAt: createdAt(image.created),
    Platform: image.platform,
    Size: humanSize(image.size),
    VirtualSize: humanSize(image.size),
    // Docker shows the same, because a listing does not compute them.
    SharedSize: "N/A",
    UniqueSize: "N/A",
    Containers: "N/A",
  };
}

interface Filter {
  readonly key: string;
  readonly value: string;
}

const FILTERS = ["dangling", "reference", "label", "before", "since", "until"] as const;

function matches(
  { key, value }: Filter,
  image: StoredImage,
  { store, now }: { readonly store: ImageStore; readonly now: number },
): boolean {
  switch (key) {
    case "dangling":
      return (image.names.length === 0) === (parseBoolean(value) ?? false);
    case "reference":
      return image.names.some(namePattern(value));
    case "label":
      return hasLabel(image, value, store);
    case "until":
      return image.created !== undefined && Date.parse(image.created) <= now - parseAge(value, now);
    default: {
      const bound = store.get(value).created ?? "";
      const created = image.created ?? "";
      return key === "before" ? created < bound : created > bound;
    }
  }
}

/**
 * Returns a test of canonical names by docker's rules: `*` and `?` stop at slashes; a pattern
 * without a tag means every tag.
 */
function namePattern(pattern: string): (name: string) => boolean {
  const elements = readGlob(pattern);
  if (elements === undefined) throw badPattern(pattern);
  const matchesPattern = compileWildcards(elements);
  const tagged = pattern.lastIndexOf(":") > pattern.lastIndexOf("/");
  const one = (name: string): boolean => matchesPattern(name) || (!tagged && matchesPattern(name.replace(/:[^:/]*$/, "")));
  return (name) => one(familiarName(name)) || one(name);
}

/** Returns what `images --tree` prints: each image, and below it the images of its index. */
function imageTree(images: readonly StoredImage[], full: boolean): string {
  const rows = images.flatMap((image) => {
    const names = image.names.length === 0 ? ["<untagged>"] : image.names.map(familiarName);
    const parts = image.platforms.map(({ platform, digest, size }, index) => [
      `${index === image.platforms.length - 1 ? "└─" : "├─"} ${platform}`,
      shownId(digest, full),
      humanSize(size),
    ]);
    return [...names.map((name) => [name, shownId(image.digest, full), humanSize(image.size)]), ...parts];
  });
  return renderTable([["IMAGE", "ID", "CONTENT SIZE"], ...rows]);
}
