import { unsupported } from "../errors.js";
import type { ResolvedBuildOptions } from "../../options/resolve-options.js";
import type { ResultMessage } from "../job-parts.js";

/** Answers a question about a Dockerfile that is asked in the place of a build. */
export async function answerQuestion(question: string, _build: ResolvedBuildOptions): Promise<ResultMessage> {
  throw unsupported(`the question "${question}"`);
}
