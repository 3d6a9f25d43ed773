import type { DockerfileAst } from "../ast.js";

/**
 * Prints the file's text, byte for byte. With instructions changed, added or left out, prints the
 * text of that file.
 */
export function printDockerfile(ast: Pick<DockerfileAst, "instructions" | "trailing">): string {
  return ast.instructions.map(({ leading, source }) => leading + source).join("") + ast.trailing;
}
