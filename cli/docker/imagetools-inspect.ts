import type { RemoteImage } from "../../api/image-store/remote-image.js";
import { printableLines } from "../../core/text/printable.js";
import { type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { jsonText } from "../../core/text/json-text.js";
import { compileTemplate, unescapeFormat } from "../output/template.js";
import { parseFlags } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "imagetools inspect",
        summary: "Show an image as its registry has it",
        operands: "NAME",
        count: [1, 1],
        flags: [
          { name: "format", value: "<format>", text: "json or a Go template: .Name, .Manifest, .Image, .Provenance, .SBOM" },
          { name: "raw", text: "Print the manifest or index byte for byte" },
        ],
      },
      args,
    );
    const format = flags.one("format");
    const [ref = ""] = flags.operands;
    const output = await environment.api.inspectRemote(ref, { signal: environment.signal }, async (image): Promise<string | Buffer> => {
      if (flags.has("raw")) return image.bytes;
      if (format === undefined) return pretty(image);
      const data = await dataOf(image);
      return `${format === "json" ? jsonText(data, 2) : compileTemplate(unescapeFormat(format))(data)}\n`;
    });
    const shown = typeof output === "string" && environment.stdout.isTTY ? printableLines(output) : output;
    await print(environment.stdout, shown);
    return EXIT.success;
  },
};

const SLSA = /^https:\/\/slsa\.dev\/provenance\//;
const SPDX = "https://spdx.dev/Document";

/** Returns the fields of buildx's templates. With one platform a field is its value alone. */
async function dataOf(image: RemoteImage): Promise<Record<string, unknown>> {
  const images = await image.images();
  const predicates = Object.entries(await image.attestations());
  const single = !("manifests" in image.document);
  const of = (name: string, isType: (type: string) => boolean): Record<string, unknown> => {
    const found = predicates.flatMap(([platform, byType]) => {
      const type = Object.keys(byType).find(isType);
      return type === undefined ? [] : [[platform, { [name]: byType[type] }] as const];
    });
    return found.length === 1 && found[0] && Object.keys(images).length === 1 ? found[0][1] : Object.fromEntries(found);
  };
  return {
    Name: image.name,
    Manifest: { ...image.document, digest: image.descriptor.digest, size: image.descriptor.size, mediaType: image.descriptor.mediaType },
    Image: single ? Object.values(images)[0] : images,
    Provenance: of("SLSA", (type) => SLSA.test(type)),
    SBOM: of("SPDX", (type) => type === SPDX),
  };
}

function pretty({ name, descriptor, document }: RemoteImage): string {
  const lines = [`Name:      ${name}`, `MediaType: ${descriptor.mediaType}`, `Digest:    ${descriptor.digest}`];
  if (!("manifests" in document)) return `${lines.join("\n")}\n`;
  const entries = document.manifests.map(({ digest, mediaType, platform, annotations = {} }) => {
    const parts = platform === undefined ? [] : [platform.os, platform.architecture, platform.variant ?? ""].filter((part) => part !== "");
    return [
      `  Name:      ${name.replace(/@.*$/, "")}@${digest}`,
      `  MediaType: ${mediaType}`,
      ...(parts.length === 0 ? [] : [`  Platform:  ${parts.join("/")}`]),
      ...(Object.keys(annotations).length === 0
        ? []
        : ["  Annotations:", ...Object.entries(annotations).map(([key, value]) => `    ${key}: ${value}`)]),
    ].join("\n");
  });
  return `${lines.join("\n")}\n\nManifests:\n${entries.join("\n\n")}\n`;
}
