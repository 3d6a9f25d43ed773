import type { Instruction } from "../ast.js";
import * as errors from "../errors/errors.js";
import { type BoundInstruction, InstructionContext } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { type SourceName, type StageCommand, type StageSource, StageState } from "../stage/stage-state.js";

/**
 * All stages of a build, with the images that are only copied or mounted from, and their
 * dependencies.
 */
export class StageGraph {
  readonly #states: StageState[] = [];
  readonly #byName = new Map<string, StageState>();
  readonly #images = new Map<string, StageState>();
  /** Number of stages in the file, which `--from=0` counts. */
  #count = 0;

  get states(): readonly StageState[] {
    return this.#states;
  }

  /** Stages of the file. */
  get stages(): readonly StageState[] {
    return this.#states.slice(0, this.#count);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** Finds a stage by name in any case. The later of two stages with a name counts from then on. */
  find(name: string): StageState | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** Finds a stage as FROM names it: in lower case, like images. */
  findBase(name: string): StageState | undefined {
    return this.#byName.get(name);
  }

  /**
   * Adds a stage of the file. Look its base up before: a stage may have the name of its own base.
   */
  add(state: StageState): void {
    this.#states.push(state);
    this.#count++;
    const name = state.node?.name;
    if (name !== undefined) this.#byName.set(name, state);
  }

  /**
   * Binds an instruction to the stages it copies or mounts from. Returns undefined, with the
   * problem reported, when one does not exist.
   */
  bind(state: StageState, instruction: BoundInstruction, isTrigger: boolean, report: Report): StageCommand | undefined {
    const sources: (StageState | undefined)[] = [];
    for (const source of instruction.sources) {
      const found = source && this.#source(source, report);
      if (source && !found) return undefined;
      sources.push(found);
    }
    const { node, isStep } = instruction;
    const bound = instruction.sources.flatMap((at, index): readonly StageSource[] => {
      const source = sources[index];
      return at && source ? [{ at, state: source }] : [];
    });
    return {
      node,
      isStep,
      sources: bound,
      lower: (build) => instruction.lower(new InstructionContext({ build, stage: state, node, sources, isTrigger })),
    };
  }

  #source(source: SourceName, report: Report): StageState | undefined {
    if (source.verb === "copy" && /^[+-]?\d+$/.test(source.name)) {
      const index = Number(source.name);
      const state = index >= 0 && index < this.#count ? this.#states[index] : undefined;
      if (!state) report.add(errors.stageIndex(source.name, this.#count, source.range));
      return state;
    }
    return this.find(source.name) ?? this.#image(source);
  }

  /** Returns the stage of an image, which is resolved once for all its users. */
  #image(source: SourceName): StageState {
    let state = this.#images.get(source.name);
    if (!state) {
      state = new StageState({ node: undefined, label: "", range: source.range });
      if (source.name !== "scratch") state.origin = { kind: "image", ref: source.name };
      this.#images.set(source.name, state);
      this.#states.push(state);
    }
    return state;
  }

  /** Returns the stages that `targets` need, with themselves. */
  reachable(targets: Iterable<StageState>): Set<StageState> {
    const seen = new Set<StageState>();
    const stack = [...targets];
    for (let state = stack.pop(); state; state = stack.pop()) {
      if (seen.has(state)) continue;
      seen.add(state);
      stack.push(...needs(state).map((need) => need.state));
    }
    return seen;
  }

  /** Reports stages that depend on themselves, and stages that copy or mount from a later one. */
  checkOrder(reachable: ReadonlySet<StageState>, report: Report): void {
    const inCycle = this.#reportCycles(report);
    for (const state of this.#states) {
      if (!reachable.has(state) || inCycle.has(state)) continue;
      for (const { state: source, at, name } of needs(state)) {
        if (!at || !source.node || !state.node || source.node.index < state.node.index) continue;
        report.add(errors.laterStage(at.verb, name, at.range, source.range));
      }
    }
  }

  #reportCycles(report: Report): Set<StageState> {
    const inCycle = new Set<StageState>();
    const done = new Set<StageState>();
    const path: { readonly state: StageState; readonly at: SourceName | undefined; readonly name: string }[] = [];
    const onPath = new Set<StageState>();
    const visit = (state: StageState): void => {
      if (onPath.has(state)) {
        const steps = path.slice(path.findIndex((step) => step.state === state));
        for (const step of steps) inCycle.add(step.state);
        // A stage needs another by its FROM, or by its copies and mounts.
        const places = steps.map((step) => ({ name: step.name, range: step.at?.range ?? step.state.node?.base.range ?? step.state.range }));
        const first = places[0];
        const names = [...steps, steps[0]].map(
          (step) => step?.state.node?.name ?? (step?.state.label || `stage-${step?.state.node?.index ?? 0}`),
        );
        report.add(errors.cycle(names, first?.range ?? state.range, places.slice(1)));
        return;
      }
      if (done.has(state)) return;
      onPath.add(state);
      for (const need of needs(state)) {
        path.push({ state, at: need.at, name: need.name });
        visit(need.state);
        path.pop();
        if (inCycle.size > 0) break;
      }
      onPath.delete(state);
      done.add(state);
    };
    for (const state of this.#states) visit(state);
    return inCycle;
  }
}

function needs(state: StageState): { readonly state: StageState; readonly at: SourceName | undefined; readonly name: string }[] {
  const base = state.origin.kind === "stage" ? [{ state: state.origin.stage, at: undefined, name: state.origin.stage.label }] : [];
  const sources = state.commands.flatMap((command) => command.sources.map((source) => ({ ...source, name: source.at.name })));
  return [...base, ...sources];
}

/**
 * Returns the ONBUILD triggers of a stage in the file, as instructions of a stage that has it as
 * its base.
 */
export function triggersOf(base: StageState): Instruction[] {
  return base.commands.flatMap(({ node }) => (node.kind === "onbuild" && node.trigger ? [node.trigger] : []));
}
