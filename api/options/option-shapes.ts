import { is } from "valibot";
import { TsbuildError } from "../../core/errors.js";
import type { BuildOptions, Output } from "./options.js";
import { hasMethod, recognized, type Shape, SHAPES } from "./shapes.js";
import { BUILD_OPTIONS } from "./table.js";

const WRITABLE = recognized("a path or a Writable", (value) => typeof value === "string" || hasMethod(value, "write"));
/** The `dest` of each type of output; undefined: it has none. */
const DESTINATIONS: Readonly<Record<Output["type"], Shape | undefined>> = {
  oci: WRITABLE,
  docker: WRITABLE,
  tar: WRITABLE,
  local: SHAPES.text,
  image: undefined,
  registry: undefined,
  cacheonly: undefined,
};

/** Throws `options/invalid` for the first value that is not what the types say. */
export function checkOptionShapes(options: BuildOptions): void {
  for (const [name, row] of Object.entries(BUILD_OPTIONS)) {
    const value: unknown = options[name as keyof BuildOptions];
    const shape: Shape = SHAPES[row.shape];
    if (value !== undefined && !is(shape.schema, value)) throw invalid(`option "${name}"`, shape, value);
  }
  for (const output of options.outputs ?? []) {
    const { type } = output;
    if (!Object.hasOwn(DESTINATIONS, type)) {
      const words = `one of ${Object.keys(DESTINATIONS).join(", ")}`;
      throw invalid("type of an output", { words }, type);
    }
    let shape = DESTINATIONS[type];
    const { dest, tar } = output as { readonly dest?: unknown; readonly tar?: unknown };
    if (shape === WRITABLE && tar === false) shape = SHAPES.text;
    if (shape !== undefined && !is(shape.schema, dest)) throw invalid(`dest of an output of type ${type}`, shape, dest);
  }
}

function invalid(what: string, { words }: Pick<Shape, "words">, value: unknown): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use ${described(value)} as the ${what}: it must be ${words}`);
}

function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
