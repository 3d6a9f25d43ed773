import { archiveFromTerminal } from "./errors.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { IDS_FLAG, parseFlags, PLATFORM_FLAG, platformChoice, ROOT_FLAG } from "../syntax/flags.js";
import { familiarName } from "../output/names.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "load",
        summary: "Read images from a tar archive made by tsbuild, docker, podman or an OCI tool",
        operands: "",
        count: [0, 0],
        flags: [
          { name: "input", short: "i", value: "<file>", text: "Read from a file instead of the standard input" },
          IDS_FLAG,
          PLATFORM_FLAG,
          ROOT_FLAG,
        ],
      },
      args,
    );
    const file = flags.one("input");
    const { stdin, stdout, signal } = environment;
    const piped = file === undefined || file === "-";
    if (piped && stdin.isTTY) {
      throw archiveFromTerminal();
    }
    const loaded = await withStore(environment, flags.one("root"), (store) =>
      store.load(piped ? stdin : hostPath(environment, file), { signal, ...platformChoice(flags) }),
    );
    const quiet = flags.has("quiet");
    const lines = loaded.flatMap(({ names, id }) => {
      if (quiet) return [`${id}\n`];
      return names.length > 0 ? names.map((name) => `Loaded image: ${familiarName(name)}\n`) : [`Loaded image ID: ${id}\n`];
    });
    await print(stdout, lines.join(""));
    return EXIT.success;
  },
};
