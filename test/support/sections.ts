/** One case of a case file. */
export interface SectionCase {
  readonly title: string;
  readonly sections: ReadonlyMap<string, string>;
}

/**
 * Parses case files: `=== title` begins a case, `--- name` a section of it. A section's text runs
 * to the next such line. Lines before the first case are for readers.
 */
export function parseSections(text: string): readonly SectionCase[] {
  const cases: { title: string; sections: Map<string, string> }[] = [];
  let name: string | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("=== ")) {
      cases.push({ title: line.slice(4).trim(), sections: new Map() });
      name = undefined;
    } else if (line.startsWith("--- ")) {
      name = line.slice(4).trim();
      cases.at(-1)?.sections.set(name, "");
    } else if (name !== undefined) {
      const sections = cases.at(-1)?.sections;
      sections?.set(name, `${sections.get(name) ?? ""}${line}\n`);
    }
  }
  for (const { sections } of cases) for (const [key, value] of sections) sections.set(key, value.replace(/\n+$/, "\n").replace(/^\n$/, ""));
  return cases;
}

export function formatSections(intro: string, cases: readonly SectionCase[]): string {
  const body = cases.map(({ title, sections }) => `=== ${title}\n${[...sections].map(([name, text]) => `--- ${name}\n${text}`).join("")}`);
  return `${intro}${body.join("\n")}`;
}
