import { type Command, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      { name: "tag", summary: "Give an image another name", operands: "IMAGE NAME[:TAG]", count: [2, 2], flags: [ROOT_FLAG] },
      args,
    );
    const [image = "", name = ""] = flags.operands;
    await withStore(environment, flags.one("root"), (store) => store.tag(image, name));
    return EXIT.success;
  },
};
