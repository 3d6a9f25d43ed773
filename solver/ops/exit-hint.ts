import { lstatSync } from "node:fs";
import { join } from "node:path";
import { adviceOnProcessors } from "../../executor-native/emulation/advice.js";
import { processorOf } from "../../executor-native/emulation/processors.js";
import type { Tier } from "../../executor-native/tier.js";
import type { ExecOp } from "../../llb/ops.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import type { FileTree } from "../../oci/layer/model/toc.js";

/** Root file system of a step that could not run its command. */
interface FailedRoot {
  /** The image below the step. */
  readonly tree: FileTree;
  /** Reads a file of the image. */
  readonly read: (path: string) => Promise<Uint8Array>;
  /** Directory of the step's own files. */
  readonly upper: string;
}

/** A step that failed. */
export interface FailedStep extends Pick<ExecOp, "args" | "cwd"> {
  readonly platform?: string | undefined;
  /** Isolation of the step. Default: `namespaces`. */
  readonly tier?: Tier;
}

function isForeign(platform: string | undefined): platform is string {
  const processor = platform === undefined ? undefined : processorOf(platform);
  return processor !== undefined && !processor.native.includes(process.arch);
}

/** A shell's word for a path that it cannot run, by its kinds: dash, busybox, bash. */
const REFUSED = /(?:^|: )((?:\.{0,2}\/)[^\s:'"]+): (?:not found|No such file or directory|cannot execute|[^\n:]+: bad interpreter)/m;
/** A shell's message for a path that may not be executed. */
const FORBIDDEN = /(?:^|: )"?((?:\.{0,2}\/)[^\s:'"]+)"?: permission denied/im;
/** Message of a shell, or of the sandbox, for a name that no directory of PATH has. */
const NOT_IN_PATH = /(?:^|: )(?:([\w.+-]+): (?:command )?not found|exec: "([^/"]+)": executable file not found in \$PATH)\s*$/;
const WRONG_FORMAT = /exec format error|cannot execute binary file/i;
/**
 * Message of `env` for a name with the carriage return of the script's first line, or its escape.
 */
const ENV_WITH_RETURN = /\benv: [^\n]*(?:\r|\\r)['’]/;
/** Bytes of a program that is read for the hint. */
const LARGEST = 64 << 20;
const LF = "Save it with LF, for example with RUN sed -i 's/\\r$//'";

/**
 * Returns a hint for a step that ended with 126 or 127 although its program seems to exist: a
 * script with Windows line ends, an interpreter or a shell that the image lacks, a program for
 * another processor, a file that is not executable, a name that is nowhere in PATH. Never throws:
 * the failure itself is reported anyway.
 */
export async function exitHint(op: FailedStep, output: string, root: FailedRoot): Promise<string | undefined> {
  try {
    return await findHint(op, output, root);
  } catch {
    return undefined;
  }
}

async function findHint(
  { args, cwd, platform, tier = "namespaces" }: FailedStep,
  output: string,
  root: FailedRoot,
): Promise<string | undefined> {
  const [program = ""] = args;
  if (WRONG_FORMAT.test(output) && isForeign(platform))
    return `The image is for ${platform}, and nothing here runs such programs. ${adviceOnProcessors(tier, processorOf(platform)?.qemu)}. tsbuild doctor lists the platforms that run`;
  if (WRONG_FORMAT.test(output))
    return "The program is for another kind of processor than this machine's: build the image for its platform, or this one's program into it";
  if (ENV_WITH_RETURN.test(output))
    return `The script has Windows line ends (CRLF), so that its interpreter's name ends with a carriage return. ${LF}`;
  if (program.startsWith("/") && !isThere(program, root)) {
    return args[1] === "-c"
      ? `The image has no ${program}: take a base image with a shell, or name the program as a list: RUN ["/program", "argument"]`
      : `The image has no ${program}`;
  }
  const forbidden = FORBIDDEN.exec(output)?.[1];
  if (forbidden !== undefined) return forbiddenHint(forbidden, forbidden.startsWith("/") ? forbidden : join(cwd, forbidden), root);
  const [, word, listed] = NOT_IN_PATH.exec(output) ?? [];
  if (word !== undefined || listed !== undefined)
    return `No directory of PATH has the program ${word ?? listed}: install it in an earlier step, or name it by its path`;
  const name = REFUSED.exec(output)?.[1] ?? (output.includes(`exec: "${program}"`) ? program : undefined);
  if (name === undefined) return undefined;
  const path = name.startsWith("/") ? name : join(cwd, name);
  const start = await startOf(path, root);
  if (start === undefined) return undefined;
  if (start.startsWith("\u007fELF"))
    return `${name} is there, but not the loader it names: it was made for another C library (glibc, musl), or another kind of processor`;
  const [, interpreter, end] = /^#![ \t]*([^\s]+)([^\n]*)/.exec(start) ?? [];
  if (interpreter === undefined) return undefined;
  if (end?.endsWith("\r"))
    return `${name} has Windows line ends (CRLF), so that its interpreter is looked for as "${interpreter}\\r". ${LF} ${path}`;
  if (!isThere(interpreter, root))
    return `The interpreter of ${name}, ${interpreter}, is not in the image: install it, or name another in the script's first line`;
  return undefined;
}

function forbiddenHint(name: string, path: string, { tree }: FailedRoot): string | undefined {
  const { node } = resolvePath(tree, path);
  if (node?.type !== "file" || (node.mode & 0o111) !== 0) return undefined;
  return `${name} is not executable: COPY it with --chmod=755, or RUN chmod +x ${path} before`;
}

/**
 * Returns true when a path exists. Note that we do not read the step's own files, because they may
 * be pipes and links to anywhere.
 */
function isThere(path: string, { tree, upper }: FailedRoot): boolean {
  if (resolvePath(tree, path).node !== undefined) return true;
  return lstatSync(join(upper, join("/", path)), { throwIfNoEntry: false }) !== undefined;
}

async function startOf(path: string, { tree, read }: FailedRoot): Promise<string | undefined> {
  const { path: found, node } = resolvePath(tree, path);
  if (node?.type !== "file" || (node.size ?? 0) > LARGEST) return undefined;
  return Buffer.from((await read(found)).subarray(0, 256)).toString("latin1");
}
