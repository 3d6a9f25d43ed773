import { StackFrame } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { SteppedBuild } from "../../api/stepping/stepped-build.js";
import { breakpointsAt } from "./breakpoints.js";
import type { DockerfileSource } from "./dockerfile-source.js";
import { stillRunning } from "./errors.js";
import { runLine, valueOf } from "./repl.js";
import type { Stepper } from "./stepper.js";
import type { StateTree } from "./variables.js";

/** A build that stops, with everything that answers questions about it. */
export interface Debugged {
  readonly build: SteppedBuild;
  readonly source: DockerfileSource;
  readonly stepper: Stepper;
  readonly tree: StateTree;
}

/** The editor, as answers use it. */
interface Editor {
  /** Number of the first line: 0 or 1. */
  readonly firstLine: number;
  print(text: string, category: "stdout" | "stderr"): void;
  /** Opens a shell where the build stands. Returns a text about one that could not be opened. */
  openTerminal(build: SteppedBuild): Promise<string>;
  errorText(error: unknown): string;
}

/** Answers to requests by their names. An answer is the body of the response. */
export type Requests = Readonly<Record<string, (args: never) => object | undefined | Promise<object>>>;

/** Returns the answers to all that an editor asks of a build that was launched. */
export function buildRequests({ build, source, stepper, tree }: Debugged, editor: Editor): Requests {
  const standing = async <T extends object>(make: () => Promise<T>): Promise<T> => {
    if (stepper.running) throw stillRunning();
    return await make();
  };
  // The answer goes first: it does not wait for a step.
  const moving = (move: () => void | Promise<void>) => () => void setImmediate(() => void move());
  const shownLine = (line: number): number => line - 1 + editor.firstLine;
  return {
    setBreakpoints: ({ source: file, breakpoints = [] }: DebugProtocol.SetBreakpointsArguments) => {
      const lines = breakpoints.map(({ line }) => line + 1 - editor.firstLine);
      const found = source.is(file) ? breakpointsAt(lines, build.steps) : undefined;
      if (found) stepper.breakpoints = found;
      return {
        breakpoints: lines.map((_, index) => {
          const step = build.steps[found?.[index]?.step ?? Number.NaN];
          if (step === undefined) return { verified: false, message: "No step of the target is at this line or below it" };
          return { verified: true, line: shownLine(step.line) };
        }),
      };
    },
    stackTrace: () => {
      const step = build.steps[build.next];
      const place = step ?? build.steps.at(-1);
      const name = step === undefined ? "all steps have run" : step.name;
      const stackFrames = place === undefined ? [] : [new StackFrame(0, name, source.shown(), shownLine(place.line), editor.firstLine)];
      return { stackFrames, totalFrames: stackFrames.length };
    },
    scopes: () => ({ scopes: tree.scopes() }),
    variables: ({ variablesReference }: DebugProtocol.VariablesArguments) =>
      standing(async () => ({ variables: await tree.branch(variablesReference) })),
    evaluate: ({ expression, context }: DebugProtocol.EvaluateArguments) =>
      standing(async () => {
        const typed = () => (expression.trim() === "exec" ? editor.openTerminal(build) : runLine(expression, build, editor.print));
        return { result: await (context === "repl" ? typed() : valueOf(expression, tree)), variablesReference: 0 };
      }),
    exceptionInfo: () => {
      const { failure } = stepper;
      return { exceptionId: "step", breakMode: "always", description: failure === undefined ? "" : editor.errorText(failure) };
    },
    source: () => ({ content: build.source?.text ?? "", mimeType: "text/x-dockerfile" }),
    continue: moving(() => stepper.go("continue")),
    next: moving(() => stepper.go("next")),
    stepIn: moving(() => stepper.go("next")),
    stepOut: moving(() => stepper.go("out")),
    stepBack: moving(() => stepper.back("next")),
    reverseContinue: moving(() => stepper.back("continue")),
    pause: moving(() => stepper.pause()),
  };
}
