import { noIndex, platformNotBuilt, badAnnotation } from "./errors.js";
import type { TsbuildError } from "../core/errors.js";
import { formatPlatform, normalizePlatform, type Platform, parsePlatform } from "../oci/platform.js";

const LEVELS = ["manifest", "manifest-descriptor", "index", "index-descriptor"] as const;

/** Place of an annotation: in a document, or in the descriptor that names the document. */
type AnnotationLevel = (typeof LEVELS)[number];

export interface Annotation {
  readonly level: AnnotationLevel;
  /** Platform whose manifest it is for. Undefined means every platform. */
  readonly platform: Platform | undefined;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads annotations with keys in the spelling of docker's `--annotation`: `KEY`, `LEVEL:KEY`,
 * `LEVEL[OS/ARCH]:KEY`, and several levels with commas between. The default level is `manifest`.
 * Throws `options/annotation`.
 */
export function parseAnnotations(texts: Readonly<Record<string, string>>): readonly Annotation[] {
  return Object.entries(texts).flatMap(([text, value]): readonly Annotation[] => {
    const colon = text.indexOf(":");
    const key = text.slice(colon + 1);
    if (key === "") throw invalid(text, "it has no key");
    if (colon < 0) return [{ level: "manifest", platform: undefined, key, value }];
    return text
      .slice(0, colon)
      .split(",")
      .map((place) => ({ ...parsePlace(text, place), key, value }));
  });
}

function parsePlace(text: string, place: string): Pick<Annotation, "level" | "platform"> {
  const [, name, platform] = /^([a-z-]+)(?:\[([A-Za-z0-9_/.-]+)\])?$/.exec(place) ?? [];
  const level = LEVELS.find((known) => known === name);
  if (level === undefined) throw invalid(text, `"${place}" is none of ${LEVELS.join(", ")}`);
  if (platform !== undefined && level.startsWith("index")) throw invalid(text, "an index is for all platforms");
  return { level, platform: platform === undefined ? undefined : parsePlatform(platform) };
}

/**
 * Throws `options/annotation` or `export/no-index` where an image for these platforms has no place
 * for an annotation. With attestations it has an index also for one platform.
 */
export function checkAnnotations(annotations: readonly Annotation[], platforms: readonly Platform[], attests = false): void {
  for (const { level, platform, key } of annotations) {
    if (level.startsWith("index") && platforms.length === 1 && !attests) {
      throw noIndex(key);
    }
    if (platform !== undefined && !platforms.some((built) => isSame(built, platform))) {
      throw platformNotBuilt(key, platform, platforms);
    }
  }
}

/**
 * Returns the annotations of one document or descriptor, sorted. An annotation for this platform
 * replaces one for all platforms. Returns undefined when there are none.
 */
export function annotationsAt(
  annotations: readonly Annotation[],
  level: AnnotationLevel,
  platform?: Platform,
): Readonly<Record<string, string>> | undefined {
  const here = annotations.filter(
    (one) => one.level === level && (one.platform === undefined || (platform && isSame(one.platform, platform))),
  );
  const ordered = [...here.filter((one) => one.platform === undefined), ...here.filter((one) => one.platform !== undefined)];
  const entries = [...new Map(ordered.map(({ key, value }) => [key, value]))].sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function isSame(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b));
}

function invalid(text: string, why: string): TsbuildError {
  return badAnnotation(text, why);
}
