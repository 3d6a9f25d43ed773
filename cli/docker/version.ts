import { type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { jsonText } from "../../core/text/json-text.js";
import { compileTemplate, unescapeFormat } from "../output/template.js";
import { parseFlags } from "../syntax/flags.js";
import { version } from "../version.js";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "version",
        summary: "Show the version",
        operands: "",
        count: [0, 0],
        flags: [{ name: "format", short: "f", value: "<format>", text: 'json or a Go template, such as "{{.Client.Version}}"' }],
      },
      args,
    );
    const format = flags.one("format");
    const Arch = ARCHITECTURES[process.arch] ?? process.arch;
    // Scripts ask docker for either side; client and server are one program here.
    const side = { Version: version(), Os: process.platform, Arch };
    const data = { Client: { ...side, Platform: { Name: "tsbuild" } }, Server: side };
    const text =
      format === undefined ? `tsbuild ${version()}` : format === "json" ? jsonText(data) : compileTemplate(unescapeFormat(format))(data);
    await print(environment.stdout, `${text}\n`);
    return EXIT.success;
  },
};
