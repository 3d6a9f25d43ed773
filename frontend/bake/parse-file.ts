import type { SourceFile } from "../../core/diagnostics.js";
import { DiagnosticsError } from "../../core/errors.js";
import { withinStack } from "../../core/text/within-stack.js";
import type { Body } from "../hcl/ast.js";
import { tooDeep } from "../hcl/errors.js";
import { parseJsonBody } from "../hcl/syntax/json.js";
import { parseHcl } from "../hcl/syntax/parse.js";
import { BLOCKS } from "./block-types.js";

/**
 * Reads a file in the syntax of its name; without a known one, in the syntax that it is in. Throws
 * DiagnosticsError with `hcl/…`. This module loads chevrotain: import it dynamically.
 */
export function parseBakeFile(source: SourceFile): Body {
  return withinStack(
    () => parse(source),
    () => tooDeep(source.name),
  );
}

function parse(source: SourceFile): Body {
  if (source.name.endsWith(".json")) return parseJsonBody(source, BLOCKS);
  if (source.name.endsWith(".hcl")) return parseHcl(source);
  try {
    return parseHcl(source);
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) throw error;
    try {
      return parseJsonBody(source, BLOCKS);
    } catch {
      throw error;
    }
  }
}
