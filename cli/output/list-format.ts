import { noSuchField } from "./errors.js";
import { printableLines } from "../../core/text/printable.js";
import { compileTemplate, unescapeFormat } from "./template.js";
import { renderTable } from "../../core/text/table.js";
import { jsonText } from "../../core/text/json-text.js";

/** A column of a listing: field name in templates, heading in tables. */
interface Column {
  readonly field: string;
  readonly heading: string;
}

type Row = Readonly<Record<string, string>>;

/**
 * Returns rows as `--format` asks for them: `table` (the default columns), `table TEMPLATE`, `json`
 * (one object a line) or a template (one line a row). `columns` are all fields; `shown` are those
 * of the default table.
 */
export function renderList(rows: readonly Row[], columns: readonly Column[], shown: readonly string[], format: string | undefined): string {
  if (format === "json") return rows.map((row) => `${jsonText(row)}\n`).join("");
  const headings: Row = Object.fromEntries(columns.map(({ field, heading }) => [field, heading]));
  if (format === undefined || format === "table")
    return renderTable([headings, ...rows].map((row) => shown.map((field) => row[field] ?? "")));
  const table = /^table\s+(.*)$/s.exec(format);
  const source = unescapeFormat(table ? (table[1] as string) : format);
  for (const [, field = ""] of source.matchAll(/\{\{-?\s*\.([A-Za-z]+)/g)) {
    if (!(field in headings)) {
      throw noSuchField(field, columns);
    }
  }
  const template = compileTemplate(source);
  if (!table) return rows.map((row) => `${printableLines(template(row))}\n`).join("");
  return renderTable([headings, ...rows].map((row) => template(row).split("\t")));
}
