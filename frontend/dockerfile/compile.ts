import type { Diagnostic } from "../../core/diagnostics.js";
import { DiagnosticsError } from "../../core/errors.js";
import { PatternMatcher, PatternSyntaxError } from "../../core/text/pattern-matcher.js";
import { formatPlatform } from "../../oci/platform.js";
import type { FrontendOptions, FrontendPorts, FrontendResult, ScanTarget } from "../frontend.js";
import type { DockerfileAst } from "./ast.js";
import { resolveEpoch, SOURCE_DATE_EPOCH } from "./passes/epoch.js";
import { invalidIgnoreFile, lintErrors } from "./errors/errors.js";
import type { GlobalArgs } from "./passes/global-args.js";
import { finishedImage, imagePlatform } from "./values/image-config.js";
import { Linter } from "./lint/linter.js";
import { NoEmptyContinuation } from "./lint/rules/no-empty-continuation.js";
import { addTriggers, lowerStage } from "./passes/lower-stages.js";
import type { BuildScope } from "./stage/build-scope.js";
import { type BuildPlan, planBuild } from "./passes/plan.js";
import { byPlace, type Problem, toDiagnostic } from "./problem.js";
import { Report } from "./errors/report.js";
import { localContext, resolveStages } from "./passes/resolve.js";
import { scanTargets } from "./passes/scan-targets.js";
import type { StageGraph } from "./passes/stage-graph.js";
import type { StageState } from "./stage/stage-state.js";
import { unsupportedFrontend } from "./syntax/syntax.js";

/**
 * Turns a Dockerfile into a graph and an image config. Resolves and lowers only the stages that the
 * target needs. Throws a {@link DiagnosticsError} with every problem that was found, those of the
 * parser among them.
 */
export async function compileDockerfile(ast: DockerfileAst, options: FrontendOptions, ports: FrontendPorts): Promise<FrontendResult> {
  const build = new Compilation({ ast, options, ports, ownRules: false });
  const target = await build.run(false);
  const errors = build.problems("error");
  // Warnings that fail the build are listed too.
  if (!target || errors.length > 0) throw new DiagnosticsError([...errors, ...(build.lintFailed ? build.problems("warning") : [])]);
  const { epoch } = build;
  const config = finishedImage(target.image, {
    labels: options.labels,
    platform: options.platformExplicit ? options.targetPlatform : undefined,
  });
  return {
    rootfs: target.rootfs,
    config,
    baseHistory: target.baseHistory,
    history: target.history,
    platform: imagePlatform(config) ?? options.targetPlatform,
    stages: build.plan?.graph.names ?? [],
    scanTargets: build.scanTargets,
    warnings: build.problems("warning"),
    ...(epoch === undefined ? {} : { sourceDateEpoch: epoch }),
  };
}

interface CompilationParts {
  readonly ast: DockerfileAst;
  readonly options: FrontendOptions;
  readonly ports: FrontendPorts;
  /** True applies the rules that BuildKit does not have. */
  readonly ownRules: boolean;
}

/** One run through the phases, with its problems. Checks and outlines run it too. */
export class Compilation {
  readonly ast: DockerfileAst;
  readonly options: FrontendOptions;
  readonly #report = new Report();
  readonly #linter: Linter;
  readonly #source;
  readonly ports: FrontendPorts;
  epoch: number | undefined;
  /** Plan of the build, set by {@link run}. */
  plan: BuildPlan | undefined;
  /** Filesystems that an SBOM covers besides the target, set by {@link run}. */
  scanTargets: readonly ScanTarget[] = [];

  constructor({ ast, options, ports, ownRules }: CompilationParts) {
    this.ast = ast;
    this.options = options;
    this.ports = askedOnce(ports);
    this.#source = { name: options.filename, text: options.text };
    const { linter, problem } = Linter.from(ast, options.buildArgs["BUILDKIT_DOCKERFILE_CHECK"], ownRules);
    this.#linter = linter;
    if (problem) this.#report.add(problem);
    const foreign = unsupportedFrontend(ast, options.buildArgs["BUILDKIT_SYNTAX"]);
    if (foreign && ast.problems.every(({ code }) => code !== foreign.code)) this.#report.add(foreign);
    for (const found of ast.problems) {
      if (found.severity === "error") this.#report.add(found);
      else if (found.range) linter.warn(NoEmptyContinuation, [], found.range, [], { fix: found.fix });
    }
  }

  get lintFailed(): boolean {
    return this.#linter.failing.length > 0;
  }

  /** Returns the problems of a severity in file order, ready to show. */
  problems(severity: Problem["severity"]): readonly Diagnostic[] {
    const found = severity === "error" ? this.#report.problems : this.#linter.warnings;
    return [...found].sort(byPlace).map((problem) => toDiagnostic(problem, this.#source));
  }

  /**
   * Returns the lowered target. The target is undefined, or incomplete, when problems were found.
   */
  async run(allStages: boolean): Promise<StageState | undefined> {
    const report = this.#report;
    const plan = await planBuild({ ast: this.ast, options: this.options, ports: this.ports, report, linter: this.#linter });
    this.plan = plan;
    const { graph, target } = plan;
    const scope = await this.#scope(plan);
    const targets = allStages ? graph.states : target ? [target] : [];
    graph.checkOrder(graph.reachable(targets), report);
    let reachable = graph.reachable(targets);
    // Problems of the text are reported before anybody waits for a registry.
    for (let more = !report.hasErrors; more; ) {
      const unresolved = graph.states.filter((state) => reachable.has(state) && !state.resolved);
      await resolveStages(unresolved, { scope, ports: this.ports, graph });
      // In file order: the base of a stage comes before it.
      more = await addTriggers(
        graph.states.filter((state) => reachable.has(state)),
        graph,
        scope,
      );
      reachable = graph.reachable(targets);
    }
    if (!report.hasErrors) graph.checkOrder(reachable, report);
    // This runs after errors too: problems of single instructions do not depend on them.
    const built = graph.states.filter((state) => reachable.has(state));
    this.#lower(built, scope);
    if (target && !report.hasErrors) this.scanTargets = scanTargets(target, built, scope);
    if (!report.hasErrors && this.lintFailed) report.add(lintErrors(this.#linter.failing));
    return report.hasErrors ? undefined : target;
  }

  /**
   * Lowers stages. Images that are only copied from come first, although they stand last in the
   * list; they have no instructions.
   */
  #lower(states: readonly StageState[], scope: BuildScope): void {
    for (const state of states) if (!state.node) lowerStage(state, scope);
    for (const state of states) if (state.node) lowerStage(state, scope);
  }

  async #scope({ graph, globals }: BuildPlan): Promise<BuildScope> {
    const { options, ports } = this;
    const patterns = await ports.ignorePatterns("context");
    let ignore: PatternMatcher | undefined;
    try {
      ignore = patterns.length > 0 ? new PatternMatcher(patterns) : undefined;
    } catch (error) {
      if (!(error instanceof PatternSyntaxError)) throw error;
      this.#report.add(invalidIgnoreFile(error.message));
    }
    const namespace = options.buildArgs["BUILDKIT_CACHE_MOUNT_NS"];
    const buildArgs = await this.#resolveEpoch(graph, globals);
    return {
      source: this.#source,
      options,
      escape: this.ast.directives.escape,
      globalArgs: globals.env,
      buildArgs,
      targetPlatform: options.targetPlatform,
      cacheNamespace: namespace ? `${namespace}/` : "",
      context: options.context ? options.context.root : localContext("context", patterns, ports, { step: { kind: "context" } }),
      ignore,
      report: this.#report,
      linter: this.#linter,
    };
  }

  /**
   * Replaces SOURCE_DATE_EPOCH=context by the timestamp of the context, or removes it when there is
   * none.
   */
  async #resolveEpoch(graph: StageGraph, globals: GlobalArgs): Promise<FrontendOptions["buildArgs"]> {
    const { options, ports } = this;
    const { [SOURCE_DATE_EPOCH]: given, ...others } = options.buildArgs;
    const value = given ?? globals.env.get(SOURCE_DATE_EPOCH);
    const stages = graph.stages.flatMap(({ node }) => node ?? []);
    const { escape } = this.ast.directives;
    this.epoch = await resolveEpoch(value, { options, ports, globals, stages, escape, report: this.#report });
    const text = this.epoch === undefined ? undefined : String(this.epoch);
    if (globals.env.get(SOURCE_DATE_EPOCH) !== undefined) {
      if (text === undefined) globals.env.delete(SOURCE_DATE_EPOCH);
      else globals.env.set(SOURCE_DATE_EPOCH, text);
    }
    return given === undefined || text === undefined ? others : { ...others, [SOURCE_DATE_EPOCH]: text };
  }
}

/** Returns ports that ask once for the image of several stages. */
function askedOnce(ports: FrontendPorts): FrontendPorts {
  const images = new Map<string, ReturnType<FrontendPorts["resolveImage"]>>();
  return {
    ...ports,
    resolveImage(ref, options) {
      const key = JSON.stringify([ref, formatPlatform(options.platform), options.layout ?? false]);
      const known = images.get(key) ?? ports.resolveImage(ref, options);
      images.set(key, known);
      return known;
    },
  };
}
