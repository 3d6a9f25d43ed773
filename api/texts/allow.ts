import { noSuchEntitlement, notSupported } from "./errors.js";
import type { Entitlement } from "../options/options.js";
import { suggest } from "../../core/text/suggest.js";
import { splitCsv } from "./csv.js";

/** Rights that a build can be granted. */
const GRANTABLE: Readonly<Record<Entitlement, true>> = { "network.host": true, "security.insecure": true };

/**
 * Rights of a bake file to name paths and agents of the machine. The command line of a build needs
 * no such right, so they are read and change nothing.
 */
const OF_BAKE = new Set(["fs", "fs.read", "fs.write", "ssh"]);

/**
 * Reads `--allow network.host,security.insecure`. Throws for a name that docker does not have, and
 * for devices.
 */
export function parseAllow(values: readonly string[]): readonly Entitlement[] {
  return values
    .flatMap((value) => splitCsv(value, `--allow "${value}"`))
    .flatMap((entry): Entitlement[] => {
      const [name = ""] = entry.split("=", 1);
      if (entry === "" || OF_BAKE.has(name)) return [];
      if (isEntitlement(entry)) return [entry];
      if (name === "device") throw notSupported(`--allow=${entry}`, "There are no CDI devices here");
      const near = suggest(entry, [...Object.keys(GRANTABLE), ...OF_BAKE]);
      throw noSuchEntitlement(entry, Object.keys(GRANTABLE), near);
    });
}

function isEntitlement(name: string): name is Entitlement {
  return Object.hasOwn(GRANTABLE, name);
}
