import { parseBoolean } from "../../core/go-values/boolean.js";
import { suggest } from "../../core/text/suggest.js";
import type { ProvenanceOptions, SbomOptions } from "../options/output-types.js";
import { splitCsv } from "./csv.js";
import { badAttestation } from "./errors.js";

/** Values of the flags `--provenance`, `--sbom` and `--attest`. */
interface AttestationTexts {
  readonly provenance?: string | undefined;
  readonly sbom?: string | undefined;
  readonly attest?: readonly string[];
}

/** Attestations that are asked for. An absent one is not. */
export interface Attestations {
  readonly provenance?: boolean | ProvenanceOptions;
  readonly sbom?: boolean | SbomOptions;
}

/** One value: its type, and its other attributes with the text that they stand in. */
interface Given {
  readonly type: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly shown: string;
}

const TYPES = ["provenance", "sbom"] as const;

/**
 * Reads the attestations of a build. The first of a type counts, and `--attest` goes before the
 * short flags, as in buildx.
 */
export function parseAttestations({ attest = [], ...short }: AttestationTexts): Attestations {
  const given = [
    ...attest.map((text) => read(text, `--attest "${text}"`)),
    ...TYPES.flatMap((type) => (short[type] === undefined ? [] : [readShort(type, short[type])])),
  ];
  const wanted: { provenance?: boolean | ProvenanceOptions; sbom?: boolean | SbomOptions } = {};
  for (const one of given) {
    if (one.type === "provenance") wanted.provenance ??= provenanceOf(one);
    else if (one.type === "sbom") wanted.sbom ??= sbomOf(one);
    else throw badAttestation(one.shown, `type "${one.type}" is none of ${TYPES.join(", ")}`, hint(one.type, TYPES));
  }
  return wanted;
}

function readShort(type: string, text: string): Given {
  const wanted = parseBoolean(text);
  const shown = `--${type}=${text}`;
  if (wanted === undefined) return read(`type=${type},${text}`, shown);
  return { type, attributes: new Map(wanted ? [] : [["disabled", "true"]]), shown };
}

function read(text: string, shown: string): Given {
  const attributes = new Map<string, string>();
  for (const field of splitCsv(text, shown)) {
    const at = field.indexOf("=");
    if (at < 0) throw badAttestation(shown, `"${field}" is not KEY=VALUE`);
    attributes.set(field.slice(0, at).trim(), field.slice(at + 1));
  }
  const type = attributes.get("type");
  if (!type) throw badAttestation(shown, "it has no type", "for example: --attest type=sbom");
  attributes.delete("type");
  return { type, attributes, shown };
}

/** Names of the attributes on the command line. */
const PROVENANCE_KEYS = ["mode", "version", "builder-id", "reproducible", "inline-only", "filename", "disabled"];

function provenanceOf({ attributes, shown }: Given): boolean | ProvenanceOptions {
  for (const key of attributes.keys())
    if (!PROVENANCE_KEYS.includes(key)) throw badAttestation(shown, `there is no attribute "${key}"`, hint(key, PROVENANCE_KEYS));
  if (flag(attributes, "disabled", shown)) return false;
  const builderId = attributes.get("builder-id");
  const filename = attributes.get("filename");
  const mode = choice(attributes, "mode", ["min", "max"] as const, shown);
  const version = choice(attributes, "version", ["v0.2", "v1"] as const, shown);
  const reproducible = flag(attributes, "reproducible", shown);
  const inlineOnly = flag(attributes, "inline-only", shown);
  return {
    ...(mode && { mode }),
    ...(version && { version }),
    ...(builderId && { builderId }),
    ...(reproducible && { reproducible }),
    ...(inlineOnly && { inlineOnly }),
    ...(filename && { filename }),
  };
}

function sbomOf({ attributes, shown }: Given): boolean | SbomOptions {
  if (flag(attributes, "disabled", shown)) return false;
  const { generator, disabled: _, ...parameters } = Object.fromEntries(attributes);
  return { ...(generator && { generator }), ...(Object.keys(parameters).length > 0 && { parameters }) };
}

function flag(attributes: ReadonlyMap<string, string>, key: string, shown: string): boolean {
  const text = attributes.get(key) ?? "false";
  const value = parseBoolean(text);
  if (value === undefined) throw badAttestation(shown, `${key} is true or false, not "${text}"`);
  return value;
}

function choice<T extends string>(
  attributes: ReadonlyMap<string, string>,
  key: string,
  choices: readonly T[],
  shown: string,
): T | undefined {
  const text = attributes.get(key);
  const found = choices.find((one) => one === text);
  if (text !== undefined && found === undefined) throw badAttestation(shown, `${key} "${text}" is none of ${choices.join(", ")}`);
  return found;
}

function hint(name: string, names: readonly string[]): string | undefined {
  const near = suggest(name, names);
  return near === undefined ? undefined : `did you mean ${near}?`;
}
