/** One place where a class breaks a rule of docs/style.md. */
export interface ConstructorFault {
  readonly rule: "keyword" | "many" | "same type";
  readonly text: string;
}

const KEYWORD = /^ *(?:private|protected|public) (?!constructor\b).*$/gm;
/** Errors keep the form of the language: the message, then options. */
const ERROR = /^class \w+(?:<.*>)? extends \w*Error\b/;
const MOST = 2;

/** Finds the classes of a source without comments that break the rules of constructors. */
export function constructorFaults(code: string): readonly ConstructorFault[] {
  const keywords = [...code.matchAll(KEYWORD)].map(([text]): ConstructorFault => ({ rule: "keyword", text: text.trim() }));
  return [...keywords, ...[...code.matchAll(/\bconstructor\(/g)].flatMap(({ index }) => faultOf(code, index) ?? [])];
}

function faultOf(code: string, index: number): ConstructorFault | undefined {
  const head = code.slice(code.lastIndexOf("class ", index), index);
  if (ERROR.test(head)) return undefined;
  const parameters = parametersAt(code, index + "constructor(".length);
  const text = `constructor(${parameters.join(", ")})`;
  const plain = /^options\b/.test(parameters.at(-1) ?? "") ? parameters.slice(0, -1) : parameters;
  if (plain.length > MOST) return { rule: "many", text };
  const types = plain.map((parameter) => /:\s*(.+?)(?: = .*)?$/s.exec(parameter)?.[1]);
  return types.length === MOST && types[0] === types[1] ? { rule: "same type", text } : undefined;
}

/** Returns the parameters that begin at `start`, behind the parenthesis. */
function parametersAt(code: string, start: number): readonly string[] {
  const parameters: string[] = [];
  let depth = 0;
  let from = start;
  let at = start;
  for (; depth >= 0; at++) {
    const char = code[at] as string;
    // The > of an arrow closes nothing.
    if ("([{<".includes(char)) depth++;
    else if (")]}".includes(char) || (char === ">" && code[at - 1] !== "=")) depth--;
    if (depth < 0 || (depth === 0 && char === ",")) {
      parameters.push(code.slice(from, at).trim());
      from = at + 1;
    }
  }
  return parameters.filter((parameter) => parameter !== "");
}
