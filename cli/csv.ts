/** One line of CSV as docker's flags use it: `type=oci,"name=a,b",dest=x`. Quotes are doubled to stand for themselves. */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') {
        field += '"';
        i++;
      } else quoted = false;
    } else if (char === '"' && field === "") quoted = true;
    else if (char === ",") {
      fields.push(field);
      field = "";
    } else field += char;
  }
  fields.push(field);
  return fields;
}

/** `key=value` pairs of a CSV line, in order; a field without `=` has an undefined value. Keys in lower case. */
export function csvPairs(text: string): { readonly key: string; readonly value: string | undefined; readonly field: string }[] {
  return splitCsv(text).map((field) => {
    const at = field.indexOf("=");
    return at < 0
      ? { key: field.trim().toLowerCase(), value: undefined, field }
      : { key: field.slice(0, at).trim().toLowerCase(), value: field.slice(at + 1), field };
  });
}
