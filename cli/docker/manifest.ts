import type { ImageSource } from "../../api/image-store/combine-images.js";
import type { RemoteImage } from "../../api/image-store/remote-image.js";
import { type CliEnvironment, type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { jsonText } from "../../core/text/json-text.js";
import { withProgress } from "../progress/with-progress.js";
import type { Flag } from "../../api/options/option.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";
import { listExists, noSuchEntry, noSuchList } from "./errors.js";
import { type ListEntry, ManifestLists } from "./manifest-lists.js";

const INSECURE: Flag = { name: "insecure", text: "Its registry may speak plain HTTP or show any certificate" };

/** Makes a command of `manifest`. */
function manifestCommand(
  [name, summary, operands]: readonly [name: string, summary: string, operands: string],
  count: readonly [number, number],
  flags: readonly Flag[],
  run: (flags: ParsedFlags, environment: CliEnvironment) => Promise<number>,
): Command {
  return {
    run: (args, environment) => run(parseFlags({ name: `manifest ${name}`, summary, operands, count, flags }, args), environment),
  };
}

/** Returns the hosts of names whose registries may be insecure. */
function insecureHosts(flags: ParsedFlags, names: readonly string[]): { readonly insecure?: readonly string[] } {
  if (!flags.has("insecure")) return {};
  return { insecure: names.map((name) => name.split("/")[0] ?? "").filter((host) => /[.:]|^localhost$/.test(host)) };
}

export const create = manifestCommand(
  ["create", "Begin a list of images at registries", "LIST IMAGE [IMAGE...]"],
  [2, Infinity],
  [{ name: "amend", short: "a", text: "Add to the list that is there" }, INSECURE],
  async (flags, environment) => {
    const [list = "", ...images] = flags.operands;
    const lists = new ManifestLists(environment);
    const there = lists.get(list);
    if (there !== undefined && !flags.has("amend")) throw listExists(list);
    const added: ListEntry[] = [];
    for (const name of images) {
      const { sources } = await environment.api.combineImages({
        sources: [{ ref: name }],
        tags: [],
        dryRun: true,
        signal: environment.signal,
        ...insecureHosts(flags, images),
      });
      added.push(...sources.map((source) => ({ name, ...source })));
    }
    const kept = (there ?? []).filter(({ name }) => !images.includes(name));
    lists.set(list, [...kept, ...added]);
    await print(environment.stdout, `Created manifest list ${list}\n`);
    return EXIT.success;
  },
);

export const annotate = manifestCommand(
  ["annotate", "Say what platform an image of a list is for", "LIST IMAGE"],
  [2, 2],
  [
    { name: "os", value: "<os>", text: "System" },
    { name: "arch", value: "<arch>", text: "Processor" },
    { name: "variant", value: "<variant>", text: "Variant of the processor" },
    { name: "os-version", value: "<version>", text: "Version of the system" },
    { name: "os-features", value: "<feature>", repeat: true, text: "Feature of the system" },
  ],
  (flags, environment) => {
    const [list = "", image = ""] = flags.operands;
    const lists = new ManifestLists(environment);
    const entries = listOf(list, lists);
    if (!entries.some(({ name }) => name === image)) {
      throw noSuchEntry(
        image,
        list,
        entries.map(({ name }) => name),
      );
    }
    lists.set(
      list,
      entries.map((entry) =>
        entry.name === image ? { ...entry, descriptor: { ...entry.descriptor, platform: platformOf(entry, flags) } } : entry,
      ),
    );
    return Promise.resolve(EXIT.success);
  },
);

type Platform = NonNullable<NonNullable<ImageSource["descriptor"]>["platform"]>;

function platformOf({ descriptor }: ListEntry, flags: ParsedFlags): Platform {
  const before = descriptor?.platform;
  const variant = flags.one("variant") ?? before?.variant;
  const version = flags.one("os-version") ?? before?.["os.version"];
  const features = flags.all("os-features").flatMap((value) => value.split(","));
  return {
    architecture: flags.one("arch") ?? before?.architecture ?? "unknown",
    os: flags.one("os") ?? before?.os ?? "linux",
    ...(version === undefined ? {} : { "os.version": version }),
    ...(features.length === 0 ? {} : { "os.features": features }),
    ...(variant === undefined ? {} : { variant }),
  };
}

function listOf(list: string, lists: ManifestLists): readonly ListEntry[] {
  const entries = lists.get(list);
  if (entries === undefined) throw noSuchList(list);
  return entries;
}

const sourcesOf = (entries: readonly ListEntry[]): readonly ImageSource[] => entries.map(({ name: _name, ...source }) => source);

export const push = manifestCommand(
  ["push", "Push a list under its name", "LIST"],
  [1, 1],
  [{ name: "purge", short: "p", text: "Forget the list afterwards" }, INSECURE],
  async (flags, environment) => {
    const [list = ""] = flags.operands;
    const lists = new ManifestLists(environment);
    const sources = sourcesOf(listOf(list, lists));
    const hosts = insecureHosts(flags, [list, ...sources.map(({ ref }) => ref)]);
    const { descriptor } = await withProgress(environment, false, (onEvent) =>
      environment.api.combineImages({ sources, tags: [list], onEvent, signal: environment.signal, ...hosts }),
    );
    if (flags.has("purge")) lists.remove(list);
    await print(environment.stdout, `${descriptor.digest}\n`);
    return EXIT.success;
  },
);

export const inspect = manifestCommand(
  ["inspect", "Show a list, or an image at its registry", "[LIST] IMAGE"],
  [1, 2],
  [{ name: "verbose", short: "v", text: "Show the descriptor, too" }, INSECURE],
  async (flags, environment) => {
    const name = flags.operands.at(-1) ?? "";
    const lists = new ManifestLists(environment);
    const local = flags.operands.length === 1 ? lists.get(name) : undefined;
    const hosts = insecureHosts(flags, [name]);
    const signal = environment.signal;
    if (local !== undefined) {
      const { bytes } = await environment.api.combineImages({ sources: sourcesOf(local), tags: [], dryRun: true, signal, ...hosts });
      await print(environment.stdout, `${Buffer.from(bytes).toString("utf8")}\n`);
      return EXIT.success;
    }
    const text = await environment.api.inspectRemote(name, { signal, ...hosts }, (image) => Promise.resolve(described(image, flags)));
    await print(environment.stdout, text);
    return EXIT.success;
  },
);

function described({ name, descriptor, document, bytes }: RemoteImage, flags: ParsedFlags): string {
  if (!flags.has("verbose")) return `${jsonText(document, 2)}\n`;
  const member = "manifests" in document ? "OCIIndex" : "OCIManifest";
  return `${jsonText({ Ref: name, Descriptor: descriptor, Raw: bytes.toString("base64"), [member]: document }, 2)}\n`;
}

export const remove = manifestCommand(
  ["rm", "Forget lists that were not pushed", "LIST [LIST...]"],
  [1, Infinity],
  [],
  (flags, environment) => {
    const lists = new ManifestLists(environment);
    for (const list of flags.operands) listOf(list, lists);
    for (const list of flags.operands) lists.remove(list);
    return Promise.resolve(EXIT.success);
  },
);
