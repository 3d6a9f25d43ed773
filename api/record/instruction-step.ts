/** `[build 2/4] RUN make`, but no base image. */
const INSTRUCTION = /^\[(?:.* )?\s*\d+\/\d+\] (?!FROM )/;

/** Whether a step of this name is an instruction with a result of its own: these are what builds count. */
export function isInstruction(name: string): boolean {
  return INSTRUCTION.test(name);
}
