import { text } from "node:stream/consumers";
import type { CombinedImage, ImageSource } from "../../api/image-store/combine-images.js";
import { isDigest } from "../../core/digest.js";
import { CanceledError } from "../../core/errors.js";
import { readInput } from "../../core/system/input-pipe.js";
import { systemReason } from "../../core/system/system-reason.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment, type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { withProgress } from "../progress/with-progress.js";
import { splitCsv } from "../../api/texts/csv.js";
import { type ParsedFlags, parseFlags, PROGRESS_FORMS } from "../syntax/flags.js";
import { badDescriptor, badIndexAnnotation, nothingToCombine } from "./errors.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "imagetools create",
        summary: "Make an index of images at registries",
        operands: "[SOURCE...]",
        count: [0, Infinity],
        flags: [
          { name: "tag", short: "t", value: "<name>", repeat: true, text: "Name of the result" },
          {
            name: "file",
            short: "f",
            value: "<file>",
            repeat: true,
            text: "Read a source from a file: a name or a descriptor; - is the standard input",
          },
          { name: "append", text: "Add to what the first name has already" },
          {
            name: "annotation",
            value: "<key=value>",
            repeat: true,
            text: "Annotation; index: (default) or manifest-descriptor: before the key",
          },
          { name: "platform", short: "p", value: "<platform>", repeat: true, text: "Keep these platforms only" },
          { name: "prefer-index", text: "Make an index of a single image, too (default); false copies it as it is" },
          { name: "dry-run", text: "Print the result, and push nothing" },
          {
            name: "progress",
            value: "<form>",
            choices: PROGRESS_FORMS,
            text: "How progress is shown",
            hidden: true,
          },
        ],
        after: "SOURCE is NAME[:TAG], NAME@DIGEST, or a digest in the repository of the first --tag.",
      },
      args,
    );
    const tags = flags.all("tag");
    const dryRun = flags.has("dry-run") || tags.length === 0;
    const sources = await sourcesOf(flags, environment);
    if (sources.length === 0) throw nothingToCombine();
    const preferIndex = !args.some((arg) => /^--prefer-index=(false|0|f)$/i.test(arg));
    const platforms = flags.all("platform").flatMap((value) => splitCsv(value, `--platform "${value}"`));
    const annotated = annotationsOf(flags.all("annotation"));
    const { bytes } = await withProgress(
      environment,
      dryRun,
      (onEvent): Promise<CombinedImage> =>
        environment.api.combineImages({ sources, tags, platforms, preferIndex, dryRun, ...annotated, onEvent, signal: environment.signal }),
    );
    if (dryRun) await print(environment.stdout, `${Buffer.from(bytes).toString("utf8").trimEnd()}\n`);
    return EXIT.success;
  },
};

async function sourcesOf(flags: ParsedFlags, environment: CliEnvironment): Promise<readonly ImageSource[]> {
  const fromFiles: ImageSource[] = [];
  for (const file of flags.all("file")) fromFiles.push(sourceOf(await contentOf(file, environment), file));
  const named = flags.operands.map((ref) => (ref.startsWith("{") ? sourceOf(ref, "the descriptor") : { ref }));
  const [first] = flags.all("tag");
  return [...(flags.has("append") && first !== undefined ? [{ ref: first }] : []), ...fromFiles, ...named];
}

/** Bytes that a file with a source may have. */
const LARGEST = 1 << 20;

async function contentOf(file: string, environment: CliEnvironment): Promise<string> {
  if (file === "-") return text(environment.stdin);
  try {
    return (await readInput(hostPath(environment, file), LARGEST, environment.signal)).toString("utf8");
  } catch (error) {
    throw error instanceof CanceledError ? error : badDescriptor(file, systemReason(error));
  }
}

/**
 * Reads a source: a name or a digest, or a descriptor in JSON, whose digest is in the repository of
 * the tag.
 */
function sourceOf(content: string, file: string): ImageSource {
  const trimmed = content.trim();
  if (!trimmed.startsWith("{")) return { ref: trimmed };
  let descriptor: { readonly digest?: unknown } & Partial<NonNullable<ImageSource["descriptor"]>>;
  try {
    descriptor = JSON.parse(trimmed) as typeof descriptor;
  } catch {
    throw badDescriptor(file, "it is no JSON");
  }
  const { digest, platform, annotations } = descriptor;
  if (typeof digest !== "string" || !isDigest(digest)) throw badDescriptor(file, "it has no digest");
  return { ref: digest, descriptor: { ...(platform ? { platform } : {}), ...(annotations ? { annotations } : {}) } };
}

function annotationsOf(texts: readonly string[]): {
  readonly annotations: Readonly<Record<string, string>>;
  readonly descriptorAnnotations: Readonly<Record<string, string>>;
} {
  const index: [string, string][] = [];
  const descriptor: [string, string][] = [];
  for (const text of texts) {
    const [, level, key, value] = /^(?:([a-z-]+):)?([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) throw badIndexAnnotation(text, "expected KEY=VALUE");
    if (level === undefined || level === "index") index.push([key, value]);
    else if (level === "manifest-descriptor") descriptor.push([key, value]);
    else throw badIndexAnnotation(text, `"${level}" is in documents that are copied as they are`);
  }
  return { annotations: Object.fromEntries(index), descriptorAnnotations: Object.fromEntries(descriptor) };
}
