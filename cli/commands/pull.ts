import { requireRepository } from "../syntax/all-tags.js";
import { type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { familiarName } from "../output/names.js";
import { withProgress } from "../progress/with-progress.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "pull",
        summary: "Fetch an image from a registry",
        operands: "NAME[:TAG|@DIGEST]",
        count: [1, 1],
        flags: [
          { name: "all-tags", short: "a", text: "Fetch all tags of the repository" },
          {
            name: "platform",
            value: "<platform>",
            repeat: true,
            text: "Fetch for os/arch[/variant] (several, or all) instead of this machine",
          },
          { name: "quiet", short: "q", text: "Show only the name" },
          { name: "disable-content-trust", text: "For docker's sake: signatures are not looked at", hidden: true },
          ROOT_FLAG,
        ],
        after: "A later build or push finds the image in the local store. Credentials are docker's: see tsbuild login.",
      },
      args,
    );
    const [name = ""] = flags.operands;
    const quiet = flags.has("quiet");
    const allTags = flags.has("all-tags");
    if (allTags) requireRepository(name);
    const platforms = platformsOf(flags.all("platform"), environment.env["DOCKER_DEFAULT_PLATFORM"]);
    const pulled = await withStore(environment, flags.one("root"), (store) =>
      withProgress(environment, quiet, (onEvent) =>
        store.pull(name, { allTags, signal: environment.signal, onEvent, ...(platforms === undefined ? {} : { platforms }) }),
      ),
    );
    const last = pulled.at(-1);
    if (last === undefined) throw new Error("internal: a pull without an image");
    // For all tags docker shows the repository.
    const shown = (text: string): string => (allTags ? text.slice(0, text.lastIndexOf(":")) : text);
    if (!quiet) {
      for (const { tag, digest } of pulled) await print(environment.stdout, `${allTags ? `${tag}: ` : ""}Digest: ${digest}\n`);
      const status = pulled.some((image) => image.status === "downloaded") ? "Downloaded newer image" : "Image is up to date";
      await print(environment.stdout, `Status: ${status} for ${shown(familiarName(last.name))}\n`);
    }
    await print(environment.stdout, `${shown(last.name)}\n`);
    return EXIT.success;
  },
};

/** Reads `--platform`, once or several times, each with one platform or several. */
function platformsOf(values: readonly string[], fallback: string | undefined): readonly string[] | "all" | undefined {
  const given = values.length > 0 ? values : fallback ? [fallback] : [];
  const platforms = given.flatMap((value) => value.split(",")).filter((value) => value !== "");
  return platforms.length === 0 ? undefined : platforms.includes("all") ? "all" : platforms;
}
