import { type Flag, GROUPS } from "../../api/options/option.js";

/** Rights that a bake or Compose file may ask for. A right to files names a path. */
export const FILE_RIGHTS: readonly string[] = ["network.host", "security.insecure", "ssh", "fs", "fs.read", "fs.write"];

/** Flag of the commands that build from such a file. */
export const FILE_RIGHTS_FLAG: Flag = {
  name: "allow",
  value: "<right>",
  repeat: true,
  text: `What the files may ask for: ${FILE_RIGHTS.map((name) => (name.startsWith("fs") ? `${name}=PATH` : name)).join(", ")}`,
  group: GROUPS.steps,
};
