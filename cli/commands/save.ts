import { archiveToTerminal } from "./errors.js";
import { Writable } from "node:stream";
import { hostPath } from "../../api/texts/surroundings.js";
import { type Command, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { withProgress } from "../progress/with-progress.js";
import { parseFlags, PLATFORM_FLAG, platformChoice, ROOT_FLAG } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "save",
        summary: "Write images to an archive for docker, podman and OCI tools",
        operands: "IMAGE [IMAGE...]",
        count: [1, Infinity],
        flags: [
          { name: "output", short: "o", value: "<file>", text: "Write to a file instead of the standard output" },
          PLATFORM_FLAG,
          ROOT_FLAG,
        ],
        after: "A repository without a tag stands for all its tags.",
      },
      args,
    );
    const file = flags.one("output");
    const { stdout, signal } = environment;
    if ((file === undefined || file === "-") && stdout.isTTY) {
      throw archiveToTerminal();
    }
    const dest =
      file === undefined || file === "-"
        ? new Writable({ highWaterMark: 1 << 20, write: (chunk, _encoding, done) => void stdout.write(chunk, done) })
        : hostPath(environment, file);
    await withStore(environment, flags.one("root"), (store) =>
      withProgress(environment, true, (onEvent) => store.save(flags.operands, dest, { signal, onEvent, ...platformChoice(flags) })),
    );
    return EXIT.success;
  },
};
