import { join } from "node:path";
import type { Writable } from "node:stream";
import { parseOutputs } from "../../texts/outputs.js";
import type { Output } from "../../options/options.js";
import { unsupported } from "../errors.js";
import { csvLine } from "./request-caches.js";

/** An output as a client names it. */
export interface ExporterEntry {
  readonly Type?: string;
  readonly Attrs?: ReadonlyMap<string, string>;
}

/** Places that outputs of a client are written to. */
export interface OutputPlaces {
  /** Returns a stream that the client writes to a file. The number is that of the output. */
  file(index: number): Writable;
  /** Makes a directory whose files are sent when the build has ended. */
  directory(index: number): string;
}

/** An output, and the directory that is sent to the client behind it. */
export interface RequestedOutput {
  readonly output: Output;
  /** Directory with the files of a result. */
  readonly files?: string;
  /** Directory with a layout, whose blobs go to the store of the client. */
  readonly layout?: string;
}

/** Attribute with the date of a result, in seconds. */
const DATE = "source-date-epoch";

/** Attributes of BuildKit's that change nothing of an output itself. */
const IDLE = new Set(["prefer-image-digest", "client-product", DATE]);

/** Reads the outputs of a request. Throws for one that tsbuild does not have. */
export function requestedOutputs(exporters: readonly ExporterEntry[], places: OutputPlaces): readonly RequestedOutput[] {
  return exporters.map((entry, index) => requestedOutput(entry, index, places));
}

/** Returns the date that outputs want for the result, in seconds; undefined for none. */
export function dateOf(exporters: readonly ExporterEntry[]): string | undefined {
  return exporters.map(({ Attrs }) => Attrs?.get(DATE)).find((date) => date !== undefined && date !== "");
}

function requestedOutput({ Type = "", Attrs = new Map() }: ExporterEntry, index: number, places: OutputPlaces): RequestedOutput {
  const attributes = new Map([...Attrs].filter(([name]) => !IDLE.has(name)));
  switch (Type) {
    case "local": {
      const files = places.directory(index);
      attributes.delete("mode");
      return { output: { ...parsed(Type, attributes, join(files, "files")), dest: files } as Output, files };
    }
    case "tar":
      return { output: { ...parsed(Type, attributes, "/file"), dest: places.file(index) } as Output };
    case "oci":
    case "docker": {
      if (attributes.get("tar") === "false") {
        const layout = places.directory(index);
        return { output: parsed(Type, attributes, layout), layout };
      }
      return { output: { ...parsed(Type, attributes, "/file"), dest: places.file(index) } as Output };
    }
    case "image":
    case "registry":
      return { output: parsed(Type, attributes, undefined) };
    default:
      throw unsupported(`the exporter "${Type}"`);
  }
}

function parsed(type: string, attributes: ReadonlyMap<string, string>, dest: string | undefined): Output {
  const line = csvLine([["type", type], ...attributes, ...(dest === undefined ? [] : ([["dest", dest]] as const))]);
  const [output] = parseOutputs([line], { push: false, load: false }, { cwd: "/", env: {} });
  return output as Output;
}
