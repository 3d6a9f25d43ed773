import { formatPlatform, hostPlatform } from "../../oci/platform.js";
import { splitCsv } from "./csv.js";
import { emptyPlatform } from "./errors.js";
import type { Surroundings } from "./surroundings.js";

/** Reads the values of `--platform`; undefined where nothing names one. */
export function parsePlatforms(values: readonly string[], { env }: Pick<Surroundings, "env">): readonly string[] | undefined {
  if (values.includes("")) throw emptyPlatform();
  const fallback = env["DOCKER_DEFAULT_PLATFORM"];
  const wanted = (values.length > 0 ? values : fallback ? [fallback] : [])
    .flatMap((value) => splitCsv(value, `--platform "${value}"`))
    .filter(Boolean);
  if (wanted.length === 0) return undefined;
  return wanted.map((name) => (name === "local" ? formatPlatform(hostPlatform()) : name));
}
