import { printableLines } from "../../core/text/printable.js";
import { type Command, print, withStore, printStderr } from "../environment.js";
import { EXIT, exitCodeOf } from "../exit-codes.js";
import { parseFlags, PLATFORM_FLAG, platformChoice, ROOT_FLAG } from "../syntax/flags.js";
import { paintFor } from "../output/paint.js";
import { renderError } from "../output/render-error.js";
import { compileTemplate, unescapeFormat } from "../output/template.js";
import { jsonText } from "../../core/text/json-text.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "inspect",
        summary: "Show what is known of images, as JSON or by a template",
        operands: "IMAGE [IMAGE...]",
        count: [1, Infinity],
        flags: [
          { name: "format", short: "f", value: "<format>", text: 'json or a Go template, such as "{{.Config.Env}}"' },
          { name: "type", value: "<kind>", choices: ["image"], text: "For docker's sake: there are only images", hidden: true },
          { name: "size", short: "s", text: "For docker's sake: sizes of images are shown anyway", hidden: true },
          PLATFORM_FLAG,
          ROOT_FLAG,
        ],
      },
      args,
    );
    const format = flags.one("format");
    const template = format === undefined || format === "json" ? undefined : compileTemplate(unescapeFormat(format));
    const shown = environment.stdout.isTTY ? printableLines : (text: string): string => text;
    return withStore(environment, flags.one("root"), async (store) => {
      const found: Record<string, unknown>[] = [];
      const errors: unknown[] = [];
      for (const ref of flags.operands) {
        try {
          found.push(store.inspect(ref, platformChoice(flags)));
        } catch (error) {
          errors.push(error);
        }
      }
      const text = template
        ? // A script's template prints unchanged text.
          found.map((image) => `${shown(template(typed(image)))}\n`).join("")
        : `${format === "json" ? jsonText(found) : jsonText(found, 4)}\n`;
      await print(environment.stdout, text);
      for (const error of errors) await printStderr(environment, renderError(error, { paint: paintFor(environment) }));
      return Math.max(EXIT.success, ...errors.map(exitCodeOf));
    });
  },
};

const EMPTY: Readonly<Record<string, unknown>> = { Cmd: [], Entrypoint: [], Env: [], OnBuild: [], Labels: {}, Volumes: {} };

/** Returns an image for a template, in which an absent list or map is an empty one, as in Go. */
function typed(image: Record<string, unknown>): Record<string, unknown> {
  const { Config: config } = image;
  if (typeof config !== "object" || config === null) return image;
  const members = Object.entries(config).map(([name, value]) => [name, value ?? EMPTY[name] ?? value] as const);
  return { ...image, Config: Object.fromEntries(members) };
}
