import type { BuildHistory, BuildSummary } from "../../cache/contract/builds.js";
import type { CacheKey } from "../../core/cache-key.js";
import { formatPlatform } from "../../oci/platform.js";
import type { PastBuild, Projects } from "../../solver/explain/earlier-builds.js";
import { describeInputs, originOf } from "./build-origin.js";
import { type BuildDetail, readDetail } from "./build-record.js";
import { repositories } from "../options/image-names.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";

/** Records of builds that are read at most. Steps in none of them are found by use. */
const MAX_READ = 12;

/**
 * Returns the recorded builds whose steps may be compared with a build's. Reads them at the first
 * call.
 */
export function knownProjects(
  history: BuildHistory,
  build: Pick<ResolvedBuildOptions, "context" | "dockerfile" | "client" | "names" | "platforms">,
): Projects {
  const own = originOf({ ...describeInputs(build), names: build.names });
  const wanted = repositories(build.names);
  const platforms = build.platforms.map(formatPlatform).join();
  const shares = ({ names }: BuildSummary): boolean => [...repositories(names)].some((name) => wanted.has(name));
  const summaries = once(() => history.list().map((summary) => ({ summary, project: originOf(summary) })));
  const builds = once((): readonly PastBuild[] => {
    const alike = summaries().filter(({ summary, project }) => project === own || shares(summary));
    return alike
      .slice(0, MAX_READ)
      .flatMap(({ summary, project }) => {
        const detail = detailOf(history, summary.id);
        if (!detail) return [];
        const rank = (project === own ? 4 : 0) + (detail.platforms.join() === platforms ? 2 : 0) + (shares(summary) ? 1 : 0);
        return [{ rank, build: pastBuild(summary, detail, project === own) }];
      })
      .sort((a, b) => b.rank - a.rank)
      .map((ranked) => ranked.build);
  });
  return {
    own,
    builds,
    isForeign: (project) => {
      const of = summaries().flatMap((known) => (known.project === project ? [known.summary] : []));
      return wanted.size > 0 && of.length > 0 && !of.some(shares);
    },
    describe: (project) => summaries().find((known) => known.project === project)?.summary.context ?? "another project",
  };
}

function detailOf(history: BuildHistory, id: string): BuildDetail | undefined {
  const record = history.get(id);
  return record && readDetail(record.detail);
}

function pastBuild({ id, context }: BuildSummary, { steps }: BuildDetail, isOwn: boolean): PastBuild {
  return {
    id,
    otherContext: isOwn ? undefined : context,
    steps: steps.map(({ step, status, key }) => ({
      step,
      finished: status === "completed" || status === "cached",
      key: key as CacheKey | undefined,
    })),
  };
}

function once<T>(ask: () => T): () => T {
  let answer: { readonly value: T } | undefined;
  return () => (answer ??= { value: ask() }).value;
}
