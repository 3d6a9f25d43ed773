import { requireRepository } from "../syntax/all-tags.js";
import { type Command, print, printStderr, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { parseFlags, PLATFORM_FLAG, platformChoice, ROOT_FLAG } from "../syntax/flags.js";
import { withProgress } from "../progress/with-progress.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "push",
        summary: "Send an image to a registry",
        operands: "NAME[:TAG]",
        count: [1, 1],
        flags: [
          { name: "all-tags", short: "a", text: "Send everything the store has of the repository" },
          { name: "quiet", short: "q", text: "Show only the name" },
          { name: "disable-content-trust", text: "For docker's sake: images are not signed", hidden: true },
          { ...PLATFORM_FLAG, text: "Send only this platform's image of an index, as an image of its own" },
          ROOT_FLAG,
        ],
        after: "Credentials are docker's: see tsbuild login.",
      },
      args,
    );
    const [name = ""] = flags.operands;
    const quiet = flags.has("quiet");
    const allTags = flags.has("all-tags");
    if (allTags) requireRepository(name);
    const pushed = await withStore(environment, flags.one("root"), (store) =>
      withProgress(environment, quiet, (onEvent) =>
        store.push(name, { allTags, signal: environment.signal, onEvent, ...platformChoice(flags) }),
      ),
    );
    for (const { tag, descriptor, onlyPlatform, ...image } of pushed) {
      if (onlyPlatform !== undefined) {
        await printStderr(
          environment,
          `note: only ${onlyPlatform} of ${image.name} was pushed: the other platforms of its index are not here\n`,
        );
      }
      if (!quiet) await print(environment.stdout, `${tag}: digest: ${descriptor.digest} size: ${descriptor.size}\n`);
    }
    const last = pushed.at(-1);
    if (quiet && last !== undefined) {
      await print(environment.stdout, `${allTags ? last.name.slice(0, last.name.lastIndexOf(":")) : last.name}\n`);
    }
    return EXIT.success;
  },
};
