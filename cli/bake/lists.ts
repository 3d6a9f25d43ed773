import type { BakeFile } from "../../api/bake/bake-options.js";
import { splitCsv } from "../../api/texts/csv.js";
import { renderTable } from "../../core/text/table.js";
import { badList } from "./errors.js";

/** Returns what `--list=targets|variables[,format=json]` prints. */
export function listed(text: string, file: BakeFile): string {
  const fields = splitCsv(text, `--list "${text}"`).map((field) => field.split("=") as [string, string?]);
  const options = new Map(fields.map(([key, value]) => (value === undefined ? ["type", key] : [key.trim().toLowerCase(), value])));
  const [type, format = "table"] = [options.get("type"), options.get("format")];
  const known = [...options.keys()].every((key) => key === "type" || key === "format") && (format === "table" || format === "json");
  if (!known || (type !== "targets" && type !== "variables")) throw badList(text);
  if (format === "json") return `${JSON.stringify(type === "targets" ? file.list() : file.variables, undefined, 2)}\n`;
  if (type === "targets")
    return renderTable([["TARGET", "DESCRIPTION"], ...file.list().map(({ name, description = "" }) => [name, description])]);
  const rows = file.variables.map(({ name, type: declared = "", value = "<null>", description = "" }) => [
    name,
    declared,
    value,
    description,
  ]);
  return renderTable([["VARIABLE", "TYPE", "VALUE", "DESCRIPTION"], ...rows]);
}
