import type { SourceFile } from "../../../core/diagnostics.js";
import type { PatternMatcher } from "../../../core/text/pattern-matcher.js";
import type { Rootfs } from "../../../llb/vertex.js";
import type { Platform } from "../../../oci/platform.js";
import type { FrontendOptions } from "../../frontend.js";
import type { Env } from "../values/env.js";
import type { Linter } from "../lint/linter.js";
import type { Report } from "../errors/report.js";

/** Data that all stages of a build share. */
export interface BuildScope {
  readonly source: SourceFile;
  readonly options: FrontendOptions;
  readonly escape: string;
  /** ARGs before the first FROM, and the automatic ones. */
  readonly globalArgs: Env;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targetPlatform: Platform;
  /** Prefix of cache mount ids. */
  readonly cacheNamespace: string;
  readonly context: Rootfs;
  /** Ignore patterns of the main context; undefined without patterns. */
  readonly ignore: PatternMatcher | undefined;
  readonly report: Report;
  readonly linter: Linter;
}
