import { isDigest } from "../../../core/digest.js";
import { gitSource } from "../../../llb/sources/git.js";
import { edge, type Edge, type VertexMetadata } from "../../../llb/vertex.js";
import type { FrontendOptions, FrontendPorts } from "../../frontend.js";
import { NearestVariables } from "../lint/nearest-variable.js";
import { Env } from "../values/env.js";
import * as errors from "../errors/errors.js";
import { parseGitSource } from "../values/git-source.js";
import type { GlobalArgs } from "./global-args.js";
import type { Word } from "../ast.js";
import { InstructionProblem, tryExpand } from "../stage/instruction-context.js";
import { downloadOf } from "../stage/remote-source.js";
import type { Report } from "../errors/report.js";
import type { StageNode } from "../ast.js";

export const SOURCE_DATE_EPOCH = "SOURCE_DATE_EPOCH";

interface EpochContext {
  readonly options: FrontendOptions;
  readonly ports: FrontendPorts;
  readonly globals: GlobalArgs;
  readonly stages: readonly StageNode[];
  readonly escape: string;
  readonly report: Report;
}

/**
 * Returns the time that SOURCE_DATE_EPOCH names, in seconds: a number, or the date of a remote
 * source. A source is `context`, a named context, or a stage that is nothing but one remote ADD.
 * Local files have no such date: then, as without the argument, returns undefined.
 */
export async function resolveEpoch(value: string | undefined, context: EpochContext): Promise<number | undefined> {
  const { options, ports, report } = context;
  if (value === undefined || value === "") return undefined;
  if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
  if (value === "context") return options.context?.root && ports.sourceTime?.(options.context.root);
  const named = await ports.namedContext(value, { platform: options.targetPlatform });
  if (named) return named.kind === "files" && named.root ? ports.sourceTime?.(named.root) : undefined;
  const stage = context.stages.find(({ name }) => name === value.toLowerCase());
  if (!stage) {
    report.add(errors.invalidEpoch(value));
    return undefined;
  }
  try {
    const source = stageSource(stage, context);
    return source && (await ports.sourceTime?.(source));
  } catch (error) {
    if (!(error instanceof InstructionProblem)) throw error;
    report.add(error.problem);
    return undefined;
  }
}

/** Returns the source of the one ADD of such a stage. */
function stageSource(stage: StageNode, { options, globals, escape }: EpochContext): Edge | undefined {
  const env = new Env(globals.env);
  env.delete(SOURCE_DATE_EPOCH);
  const nearest = new NearestVariables();
  const expand = ({ text, range }: Word): string => tryExpand(text, range, env, { escape }, nearest).text;
  const fail = (why: string, range = stage.node.range): never => {
    throw new InstructionProblem(errors.epochStage(stage.name ?? "", why, range));
  };
  if (expand(stage.base) !== "scratch") fail("it is not FROM scratch");
  let source: Edge | undefined;
  for (const node of stage.instructions) {
    if (node.kind === "arg") {
      for (const { name, value } of node.args) {
        const given = Object.hasOwn(options.buildArgs, name.text) ? options.buildArgs[name.text] : value && expand(value);
        if (given !== undefined) env.set(name.text, given);
      }
    } else if (node.kind === "add") {
      const [word, dest, ...more] = node.args;
      if (source || !word || !dest || more.length > 0 || node.heredocs.length > 0) return fail("it has more than one source", node.range);
      const checksum = node.flags.find(({ name }) => name === "checksum");
      source = remoteSource(
        expand(word),
        checksum?.value === undefined ? "" : expand({ text: checksum.value, range: checksum.valueRange }),
      );
      if (!source) fail(`"${word.text}" is neither a URL nor a repository`, word.range);
    } else fail(`it has ${node.keyword.text.toUpperCase()}`, node.range);
  }
  return source ?? fail("it adds nothing");
}

function remoteSource(text: string, checksum: string): Edge | undefined {
  const metadata: VertexMetadata = { step: { kind: "internal", text: "resolve SOURCE_DATE_EPOCH" } };
  const git = parseGitSource(text);
  if (typeof git === "object") return edge({ op: gitSource(git, { checksum }), metadata });
  if (!/^https?:\/\//.test(text) || (checksum !== "" && !isDigest(checksum))) return undefined;
  return edge({ op: downloadOf(text, checksum), metadata });
}
