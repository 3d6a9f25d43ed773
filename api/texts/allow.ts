import { noSuchEntitlement, notSupported } from "./errors.js";
import { isRight, type Right, RIGHT_FORMS } from "../../llb/entitlements.js";
import { suggest } from "../../core/text/suggest.js";
import { splitCsv } from "./csv.js";
import { hostPath, type Surroundings } from "./surroundings.js";

/**
 * Rights of a bake file to name paths and agents of the machine. The command line of a build needs
 * no such right, so they are read and change nothing; a step's right to read a directory of the
 * machine is `fs.read` or `fs`.
 */
const OF_BAKE = new Set(["fs", "fs.read", "fs.write", "ssh"]);
const READING = new Set(["fs", "fs.read"]);

/**
 * Reads `--allow network.host,fs.read=DIR,device=vendor.com/class`. Throws for a name that docker
 * does not have, and for an alias of a device.
 */
export function parseAllow(values: readonly string[], place: Pick<Surroundings, "cwd">): readonly Right[] {
  return values
    .flatMap((value) => splitCsv(value, `--allow "${value}"`).map((entry) => ({ entry, value })))
    .flatMap(({ entry, value }): Right[] => {
      const [name = "", ...rest] = entry.split("=");
      const path = rest.join("=");
      if (READING.has(name) && path !== "") return [`fs.read=${path === "*" ? path : hostPath(place, path)}`];
      if (entry === "" || OF_BAKE.has(name)) return [];
      if (isRight(entry)) return [entry];
      if (name === "alias") throw notSupported(`--allow=${value}`, "Name the device in RUN --device as the machine names it");
      const near = suggest(entry, [...RIGHT_FORMS, ...OF_BAKE]);
      throw noSuchEntitlement(entry, RIGHT_FORMS, near);
    });
}
