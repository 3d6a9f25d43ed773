import { type Command, print, withStore, printStderr } from "../environment.js";
import { EXIT, exitCodeOf } from "../exit-codes.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { familiarName } from "../output/names.js";
import { paintFor } from "../output/paint.js";
import { renderError } from "../output/render-error.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "rmi",
        summary: "Remove images or names",
        operands: "IMAGE [IMAGE...]",
        count: [1, Infinity],
        flags: [
          { name: "force", short: "f", text: "Remove an image with all its names; missing images are no error" },
          { name: "no-prune", text: "For docker's sake: nothing else is removed anyway", hidden: true },
          { name: "platform", value: "<platform>", repeat: true, text: "Remove only these images of an index" },
          ROOT_FLAG,
        ],
      },
      args,
    );
    const force = flags.has("force");
    const platforms = flags.all("platform").flatMap((value) => value.split(",").filter(Boolean));
    return withStore(environment, flags.one("root"), async (store) => {
      let code: number = EXIT.success;
      for (const ref of flags.operands) {
        try {
          const { untagged, deleted } = store.remove(ref, { force, platforms });
          const lines = [
            ...untagged.map((name) => `Untagged: ${familiarName(name)}\n`),
            ...deleted.map((digest) => `Deleted: ${digest}\n`),
          ];
          await print(environment.stdout, lines.join(""));
        } catch (error) {
          // An image that cannot be removed does not keep the others.
          await printStderr(environment, renderError(error, { paint: paintFor(environment) }));
          const passedOver = force && error instanceof Error && "code" in error && error.code === "images/not-found";
          if (!passedOver) code = Math.max(code, exitCodeOf(error));
        }
      }
      return code;
    });
  },
};
