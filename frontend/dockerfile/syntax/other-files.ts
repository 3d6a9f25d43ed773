/** A file that people give in the place of a Dockerfile. */
interface OtherFile {
  /** Its kind as a message names it. */
  readonly what: string;
  readonly hint: string;
}

const COMPOSE = /^(?:services|include):(?:\s|$)/m;
const COMPOSE_JSON = /^\s*\{[^]*"(?:services|target)"\s*:\s*\{/;
const BAKE = /^(?:target|group|variable|function)\s+"[^"\n]*"\s*\{/m;

/** A first line that begins a mapping, a list or a document of YAML. */
const YAML = /^(?:---(?:\s|$)|[\w.-]+:(?:\s|$)|- \S)/;

/** Returns the kind of a text that is no Dockerfile; undefined for one that may be. */
export function otherFile(text: string, name: string): OtherFile | undefined {
  const first = text.split("\n").find((line) => line.trim() !== "" && !/^\s*(?:#|\/\/)/.test(line)) ?? "";
  if (COMPOSE_JSON.test(text)) return { what: "a definition for compose or bake", hint: bakeHint(name, "builds what it names") };
  if (YAML.test(first)) {
    return COMPOSE.test(text)
      ? { what: "a compose file", hint: bakeHint(name, "builds its services") }
      : { what: "YAML", hint: "-f names a Dockerfile" };
  }
  return BAKE.test(text) ? { what: "a bake file", hint: bakeHint(name, "builds its targets") } : undefined;
}

function bakeHint(name: string, does: string): string {
  return `tsbuild bake -f ${/[^\w./-]/.test(name) ? JSON.stringify(name) : name} ${does}`;
}
