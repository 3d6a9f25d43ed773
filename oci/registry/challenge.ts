/**
 * One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). Scheme and parameter names are
 * in lower case.
 */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;

/**
 * Reads a `WWW-Authenticate` header, which may hold several challenges: `Bearer
 * realm="…",service="…", Basic realm="x"`. Never throws: the list ends before the first part that
 * cannot be read.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let position = 0;
  const skip = (characters: RegExp): void => {
    while (position < header.length && characters.test(header[position] as string)) position++;
  };
  const token = (): string | undefined => {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(header);
    if (!match) return undefined;
    position = TOKEN.lastIndex;
    return match[0];
  };
  for (;;) {
    skip(/[\s,]/);
    const word = token();
    if (word === undefined) return challenges;
    skip(/\s/);
    const current = challenges.at(-1);
    if (header[position] !== "=" || current === undefined) {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      continue;
    }
    position++;
    skip(/\s/);
    const value = header[position] === '"' ? quoted() : token();
    if (value === undefined) return challenges;
    current.parameters[word.toLowerCase()] = value;
  }

  function quoted(): string | undefined {
    let value = "";
    for (position++; position < header.length; position++) {
      const character = header[position] as string;
      if (character === '"') {
        position++;
        return value;
      }
      if (character === "\\") position++;
      value += header[position] ?? "";
    }
    return undefined;
  }
}
