import { attribute } from "../../core/attributes.js";
import { platformSplit, attestationPrefix } from "./common.js";
import { outputType } from "./output-type.js";

/** The files of the result in a directory. */
export const local = outputType({
  type: "local",
  attributes: { dest: attribute.required(attribute.directory()), platformSplit, attestationPrefix },
  holds: "files",
  implied: { mode: "copy" },
  async open(output) {
    const { localDirectory } = await import("../local-dir.js");
    return [localDirectory(output)];
  },
});

/** The files of the result as a tar. */
export const tar = outputType({
  type: "tar",
  attributes: { dest: attribute.file(), platformSplit, attestationPrefix },
  holds: "files",
  async open(output) {
    const { rootfsTar } = await import("../rootfs-tar.js");
    return [rootfsTar(output)];
  },
});

/** No result: the cache is all that is wanted. */
export const cacheonly = outputType({ type: "cacheonly", attributes: {}, holds: "nothing", open: async () => [] });
