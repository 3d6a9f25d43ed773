import { badFormat } from "./errors.js";
import type { CheckStatus, DoctorCheck, DoctorReport } from "../../api/options/doctor-types.js";
import { printable } from "../../core/text/printable.js";
import { type Command, print, storeRoot } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { jsonText } from "../../core/text/json-text.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "doctor",
        summary: "Say what this machine has and lacks, and how to get it",
        operands: "",
        count: [0, 0],
        flags: [{ name: "format", value: "<form>", text: "Form of the report: text (default) or json" }, ROOT_FLAG],
        after: "Runs a step in a sandbox, without the network. Exits with 0 when builds with RUN work here, else with 1.",
      },
      args,
    );
    const format = flags.one("format") ?? "text";
    if (format !== "text" && format !== "json") {
      throw badFormat(format);
    }
    const report = await environment.api.doctor({ ...storeRoot(environment, flags.one("root")) });
    await print(environment.stdout, format === "json" ? `${jsonText(report, 2)}\n` : show(report));
    return report.ok ? EXIT.success : EXIT.failure;
  },
};

const WIDTH = "missing  ".length;

function show(report: DoctorReport): string {
  const count = (status: CheckStatus): number => report.checks.filter((check) => check.status === status).length;
  const missing = count("missing");
  const warnings = count("warning");
  const verdict = report.ok
    ? `Builds with RUN work here as ${report.user}`
    : `Builds with RUN do not work here as ${report.user}: ${missing} ${missing === 1 ? "thing is" : "things are"} missing`;
  return `${report.checks.map(lines).join("")}\n${verdict}${warnings === 0 ? "" : `; ${warnings} ${warnings === 1 ? "warning" : "warnings"}`}\n`;
}

function lines({ status, title, found, controlledBy, fix }: DoctorCheck): string {
  const indent = " ".repeat(WIDTH);
  const more = [
    ...(controlledBy.length > 0 ? [`decided by ${controlledBy.join(", ")}`] : []),
    ...(fix === undefined ? [] : [`to do: ${fix}`]),
  ];
  return `${status.padEnd(WIDTH)}${title}: ${printable(found)}\n${more.map((line) => `${indent}${printable(line)}\n`).join("")}`;
}
