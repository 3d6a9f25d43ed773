import { causedByDescriptors, descriptorHint, isOutOfDescriptors, outOfDescriptors } from "../../core/system/descriptors.js";
import { ExecError, TsbuildError, systemErrorCode } from "../../core/errors.js";
import { printable, printableLines } from "../../core/text/printable.js";
import { renderDiagnostics } from "../../core/text/render-diagnostic.js";
import { latin1, utf8 } from "./latin1.js";
import { repeated } from "./repeated.js";
import { renderExcerpt } from "../../core/text/excerpt.js";
import { type Paint, PLAIN } from "./paint.js";

interface RenderOptions {
  readonly paint?: Paint;
  /** True when the progress display has already repeated the output of the failed step. */
  readonly outputShown?: boolean;
  /** True when `tsbuild logs` has the whole output of the failed step. */
  readonly logged?: boolean;
  /** Store that the command line names, for commands in hints. */
  readonly root?: string | undefined;
  /** True shows the stack of a bug: TSBUILD_DEBUG. */
  readonly debug?: boolean;
}

/** Number of a failed step's last lines that are repeated. */
export const TAIL_LINES = 10;

/** Returns the text for a command that failed, with a final line end. */
export function renderError(
  error: unknown,
  { paint = PLAIN, outputShown = false, logged = false, root, debug = false }: RenderOptions = {},
): string {
  const lines: string[] = [];
  if (error instanceof ExecError && !outputShown) lines.push(...outputTail(error, logged));
  const stack = debug && error instanceof Error && error.stack ? `\n${error.stack}` : "";
  if (error instanceof TsbuildError) lines.push(...knownError(error, paint, root));
  else lines.push(unknownError(error, paint));
  return `${lines.join("\n")}${stack}\n`;
}

/**
 * Codes of faults of the machine: no line of a Dockerfile is at fault, whichever step met the fault
 * first.
 */
const MACHINE = /^(store\/|exec\/(helper-missing|unsupported-system|worker-))/;

function knownError(error: TsbuildError, paint: Paint, root?: string): string[] {
  const lines: string[] = [];
  const headline = `${paint.severity("error", `error[${error.code}]`)}: ${paint.strong(printable(error.message))}`;
  // Without descriptors the advice of the file that was met first does not help.
  const lacksFiles = causedByDescriptors(error);
  const hint = lacksFiles ? descriptorHint() : error.hint;
  const own = error.diagnostics.find((diagnostic) => diagnostic.message === error.message);
  if (error.step !== undefined || error instanceof ExecError) {
    // A step failed: BuildKit's excerpt of the instruction comes first, then the line with the
    // fault.
    const atFault = !MACHINE.test(error.code) && !lacksFiles;
    if (error.place && atFault) lines.push(renderExcerpt(error.place.source, error.place.range));
    lines.push(headline);
    if (error.step !== undefined && atFault) lines.push(`  in ${printable(error.step)}`);
    if (hint !== undefined) lines.push(hintLine(hint, paint));
    if (error instanceof ExecError && error.kept)
      lines.push(hintLine(`"${debugCommand(error.kept, root)}" opens a shell in the step as it failed`, paint));
    return lines;
  }
  lines.push(...renderDiagnostics(error.diagnostics, paint));
  if (!own) {
    lines.push(headline);
    if (hint !== undefined) lines.push(hintLine(hint, paint));
  }
  return lines;
}

/** Returns the command that opens a failed step, to be typed. */
function debugCommand({ build }: NonNullable<ExecError["kept"]>, root: string | undefined): string {
  const store = root === undefined ? [] : ["--root", /^[\w./:@%+=,-]+$/.test(root) ? root : `'${root.replaceAll("'", "'\\''")}'`];
  return ["tsbuild debug", ...store, ...(build === undefined ? [] : [build])].join(" ");
}

function hintLine(hint: string, paint: Paint): string {
  return `${paint.faint("hint")}: ${printableLines(hint)}`;
}

function unknownError(error: unknown, paint: Paint): string {
  if (isOutOfDescriptors(error)) return knownError(outOfDescriptors(`Cannot go on (${(error as Error).message})`, error), paint).join("\n");
  const message = printable(error instanceof Error ? error.message : String(error));
  const code = systemErrorCode(error);
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code))
    return `${paint.severity("error", `error[system/${code.toLowerCase()}]`)}: ${paint.strong(message)}`;
  return `${paint.severity("error", "error[internal]")}: ${paint.strong(message)}\n${paint.faint("hint")}: this is a bug in tsbuild; TSBUILD_DEBUG=1 shows where it happened`;
}

function outputTail(error: ExecError, logged: boolean): string[] {
  const lines = error.outputTail.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) return [];
  return [
    "------",
    ` > ${printable(error.step ?? error.command.join(" "))}:`,
    ...(logged && lines.length > TAIL_LINES ? ['[the last of its lines; "tsbuild logs" shows them all]'] : []),
    ...lines.slice(-TAIL_LINES).map((line) => utf8(repeated(latin1(line)))),
    "------",
  ];
}
