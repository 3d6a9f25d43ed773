import type { CheckResult } from "../../api/options/options.js";
import type { Diagnostic, Fix, SourceRange } from "../../core/diagnostics.js";
import { jsonText } from "../../core/text/json-text.js";

/**
 * Returns the findings as SARIF 2.1.0 (OASIS), which code hosts show in the file. Errors and
 * warnings are results alike, each with its fix if there is one.
 */
export function checkSarif({ source, errors, warnings }: CheckResult, version: string): string {
  const rules = new Map<string, object>();
  for (const { rule, description, url, buildkit } of warnings) {
    rules.set(rule, {
      id: rule,
      name: rule,
      shortDescription: { text: description },
      help: { text: url ? `See ${url}` : `"tsbuild check --explain ${rule}" shows the page of this rule` },
      ...(url === undefined ? {} : { helpUri: url }),
      defaultConfiguration: { level: "warning" },
      properties: { tags: [buildkit ? "buildkit" : "tsbuild"] },
    });
  }
  for (const { code } of errors) rules.set(code, { id: code, shortDescription: { text: code }, defaultConfiguration: { level: "error" } });
  const ids = [...rules.keys()];
  const artifactLocation = { uri: encodeURI(source.name.replaceAll("\\", "/")) };
  const result = (diagnostic: Diagnostic, id: string): object => ({
    ruleId: id,
    ruleIndex: ids.indexOf(id),
    level: diagnostic.severity,
    message: { text: diagnostic.hint === undefined ? diagnostic.message : `${diagnostic.message} (hint: ${diagnostic.hint})` },
    locations: [{ physicalLocation: { artifactLocation, ...(diagnostic.range ? { region: region(diagnostic.range) } : {}) } }],
    ...(diagnostic.related
      ? {
          relatedLocations: diagnostic.related.map(({ message, range }, index) => ({
            id: index,
            message: { text: message },
            physicalLocation: { artifactLocation, region: region(range) },
          })),
        }
      : {}),
    ...(diagnostic.fix ? { fixes: [sarifFix(diagnostic.fix, artifactLocation)] } : {}),
  });
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "tsbuild", semanticVersion: version, rules: [...rules.values()] } },
        artifacts: [{ location: artifactLocation, sourceLanguage: "dockerfile" }],
        columnKind: "utf16CodeUnits",
        results: [...errors.map((error) => result(error, error.code)), ...warnings.map((warning) => result(warning, warning.rule))],
      },
    ],
  };
  return `${jsonText(log, 2)}\n`;
}

function sarifFix({ title, edits }: Fix, artifactLocation: object): object {
  return {
    description: { text: title },
    artifactChanges: [
      {
        artifactLocation,
        replacements: edits.map((edit) => ({ deletedRegion: region(edit.range), insertedContent: { text: edit.text } })),
      },
    ],
  };
}

/** Returns a region. Columns count from 1; an end is the column after the last character. */
function region({ line, column, endLine, endColumn }: SourceRange): object {
  return { startLine: line, startColumn: column, endLine, endColumn };
}
