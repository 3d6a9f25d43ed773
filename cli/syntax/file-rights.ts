import { FILE_RIGHTS } from "../../api/texts/file-rights.js";
import { type Flag, GROUPS } from "../../api/options/option.js";

/** Flag of the commands that build from such a file. */
export const FILE_RIGHTS_FLAG: Flag = {
  name: "allow",
  value: "<right>",
  repeat: true,
  text: `What the files may ask for: ${FILE_RIGHTS.map((name) => (name.startsWith("fs") ? `${name}=PATH` : name)).join(", ")}`,
  group: GROUPS.steps,
};
