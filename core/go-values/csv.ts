/** Fields of one line, or the reason why the line cannot be read. */
type CsvLine = { readonly fields: readonly string[] } | { readonly problem: string };

/**
 * Reads one line of comma-separated values as docker's flags use them:
 * `type=oci,"name=a,b",dest=x`. A quoted field may hold commas, and two quotes for one. Docker
 * refuses a quote inside of a field that does not begin with one, and so does this.
 *
 * Note that an empty text is one empty field here, where Go's reader reports the end of its input:
 * every caller has a better message for it.
 */
export function parseCsv(text: string): CsvLine {
  const line = text.replace(/\r?\n$/, "");
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    if (line[at] === '"') {
      const quoted = quotedField(line, at);
      if (typeof quoted === "string") return { problem: quoted };
      fields.push(quoted.field);
      at = quoted.end;
      if (at < line.length && line[at] !== ",") return { problem: "text follows a closing quote" };
    } else {
      const comma = line.indexOf(",", at);
      const end = comma < 0 ? line.length : comma;
      const field = line.slice(at, end);
      if (field.includes('"')) return { problem: "a quote stands inside a field" };
      fields.push(field);
      at = end;
    }
    if (at >= line.length) return { fields };
  }
}

/**
 * Reads the field whose opening quote stands at `start`; `end` is the index after the closing one.
 */
function quotedField(line: string, start: number): { readonly field: string; readonly end: number } | string {
  let field = "";
  for (let at = start + 1; ; ) {
    const quote = line.indexOf('"', at);
    if (quote < 0) return "a quote is not closed";
    field += line.slice(at, quote);
    at = quote + 1;
    if (line[at] !== '"') return { field, end: at };
    field += '"';
    at++;
  }
}
