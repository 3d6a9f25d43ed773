/** Small value grammars of flags, as Go's libraries read them. */

/** One CSV record: fields between commas, quoted ones with `""` for a quote. A text says what is wrong. */
export function parseCsv(line: string): string[] | string {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = "";
      at++;
      for (;;) {
        const quote = line.indexOf('"', at);
        if (quote === -1) return "a quote is not closed";
        field += line.slice(at, quote);
        at = quote + 1;
        if (line[at] !== '"') break;
        field += '"';
        at++;
      }
      if (at < line.length && line[at] !== ",") return "text follows a closing quote";
      fields.push(field);
    } else {
      const comma = line.indexOf(",", at);
      const field = line.slice(at, comma === -1 ? line.length : comma);
      if (field.includes('"')) return "a quote stands inside a field";
      fields.push(field);
      at = comma === -1 ? line.length : comma;
    }
    if (at >= line.length) return fields;
    at++;
  }
}

/** `strconv.ParseBool`. */
export function parseGoBoolean(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

const SIZE = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i;

/** Bytes of `64m`, `1.5GiB`, `1024`: units are powers of 1,024. Undefined, too, for more bytes than a number can count. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (!match) return undefined;
  const power = match[2] ? "kmgtp".indexOf(match[2].toLowerCase()) + 1 : 0;
  const bytes = Math.floor(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const SYMBOLIC_MODE = /^[ugoa]*(?:[-+=](?:[rwxXstugo]*|[0-7]+))+$/;
const LARGEST_MODE = 0o7777;

/** A mode for chmod: a number for octal digits, the text itself for a symbolic one, undefined for neither. */
export function parseMode(text: string): number | string | undefined {
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    return mode <= LARGEST_MODE ? mode : undefined;
  }
  return text !== "" && text.split(",").every((clause) => SYMBOLIC_MODE.test(clause)) ? text : undefined;
}
