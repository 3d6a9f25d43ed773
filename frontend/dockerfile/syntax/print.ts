import type { DockerfileAst } from "../ast.js";

/** The file's text again, byte for byte; with instructions changed, added or left out, the text of that file. */
export function printDockerfile(ast: Pick<DockerfileAst, "instructions" | "trailing">): string {
  return ast.instructions.map(({ leading, source }) => leading + source).join("") + ast.trailing;
}
