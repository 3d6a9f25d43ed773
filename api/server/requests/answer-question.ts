import type { EventSink } from "../../../core/events.js";
import { checkLoaded, outlineLoaded, targetsLoaded } from "../../build/check.js";
import type { LoadedDockerfile } from "../../build/load-dockerfile.js";
import { dockerfileIn } from "../../build/with-dockerfile.js";
import type { ResolvedBuildOptions } from "../../options/resolve-options.js";
import type { Session } from "../../session/session.js";
import { checkJson, checkText, outlineJson, outlineText, targetsJson, targetsText } from "../../texts/docker-forms.js";
import { unsupported } from "../errors.js";
import type { ResultMessage } from "../job-parts.js";

/** The answer to a question, as BuildKit's frontend gives it. */
interface Answer {
  readonly json: string;
  readonly text: string;
  /** Exit code of the client. */
  readonly status?: number;
}

/** A question about a Dockerfile, and its entry in the list of questions. */
interface Question {
  readonly description: string;
  readonly options?: readonly { readonly Name: string; readonly Description: string }[];
  readonly metadata?: readonly string[];
  answer(dockerfile: () => Promise<LoadedDockerfile>, build: ResolvedBuildOptions): Promise<Answer>;
}

const VERSION = "1.0.0";

const QUESTIONS: Readonly<Record<string, Question>> = {
  "frontend.outline": {
    description: "List all parameters current build target supports",
    options: [{ Name: "target", Description: "Target build stage" }],
    async answer(dockerfile, build) {
      const found = await outlineLoaded(await dockerfile(), build);
      return { json: outlineJson(found), text: outlineText(found) };
    },
  },
  "frontend.lint": {
    description: "Lint a Dockerfile",
    metadata: ["result.statuscode"],
    async answer(dockerfile, build) {
      const found = await checkLoaded(await dockerfile(), build, "buildkit");
      const status = found.warnings.length + found.errors.length === 0 ? 0 : 1;
      return { json: checkJson(found), text: checkText(found), status };
    },
  },
  "frontend.targets": {
    description: "List all targets current build supports",
    async answer(dockerfile) {
      const { targets, source } = targetsLoaded(await dockerfile());
      return { json: targetsJson(targets, source), text: targetsText(targets) };
    },
  },
  "frontend.subrequests.describe": {
    description: "List available subrequest types",
    async answer() {
      const list = Object.entries(QUESTIONS).map(([Name, { description, options, metadata = [] }]) => ({
        Name,
        Version: VERSION,
        Type: "rpc",
        Description: description,
        Opts: options ?? null,
        Inputs: null,
        Metadata: ["result.json", "result.txt", ...metadata].map((name) => ({ Name: name, Description: "" })),
        Refs: null,
      }));
      const text = list.map(({ Name, Version, Description }) => `${Name} ${Version}: ${Description}\n`).join("");
      return { json: JSON.stringify(list, undefined, 2), text };
    },
  },
};

/** Answers a question about a Dockerfile that is asked in the place of a build. */
export async function answerQuestion(
  name: string,
  build: ResolvedBuildOptions,
  { session, onEvent }: { readonly session: Session; readonly onEvent: EventSink },
): Promise<ResultMessage> {
  const question = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : undefined;
  if (!question) throw unsupported(`the question "${name}"`);
  const { json, text, status } = await question.answer(() => dockerfileIn(build, session, onEvent), build);
  const metadata = Object.entries({
    "result.json": json,
    "result.txt": text,
    version: VERSION,
    ...(status === undefined ? {} : { "result.statuscode": String(status) }),
  });
  return { metadata: new Map(metadata.map(([key, value]) => [key, Buffer.from(value)])) };
}
