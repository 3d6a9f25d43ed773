import type { Writable } from "node:stream";
import { TsbuildError } from "../core/errors.js";
import type { EventSink } from "../core/events.js";
import type { CliApi } from "./environment.js";
import { showWaits } from "./progress/show-waits.js";

/**
 * Returns the library as commands use it: a part is loaded when a command needs it. The waits of a
 * call without a display of its own are shown on `stderr`, so that no command is silent while it
 * waits for a server, a helper or another build.
 */
export function library(stderr: () => Writable): CliApi {
  const shown = <Options extends { readonly onEvent?: EventSink }>(options: Options): Options =>
    options.onEvent ? options : { ...options, onEvent: showWaits(stderr) };
  return {
    build: async (options) => (await import("../api/build/build.js")).build(shown(options)),
    buildTargets: async (options) => (await import("../api/build/build-targets.js")).buildTargets(options),
    readBake: async (options) => (await import("../api/bake/read-bake.js")).readBake(shown(options)),
    readCompose: async (options) => (await import("../api/compose/read-compose.js")).readCompose(options),
    debug: async (options) => (await import("../api/debug/debug.js")).debug(options),
    diff: async (options) => (await import("../api/diff/diff.js")).diff(options),
    exportStep: async (options) => (await import("../api/debug/export-state.js")).exportStep(options),
    importStep: async (source, options) => (await import("../api/debug/import-state.js")).importStep(source, options),
    withSteps: async (options, use) => (await import("../api/stepping/stepped-build.js")).withSteps(shown(options), use),
    failedSteps: async (options) => (await import("../api/debug/debug.js")).failedSteps(options),
    run: async (options) => (await import("../api/run/run.js")).run(options),
    check: async (options) => (await import("../api/build/check.js")).check(shown(options)),
    outline: async (options) => (await import("../api/build/check.js")).outline(shown(options)),
    buildGraph: async (options) => (await import("../api/build/build-graph.js")).buildGraph(shown(options)),
    targets: async (options) => (await import("../api/build/check.js")).targets(shown(options)),
    collect: async (options) => (await import("../api/store/collect.js")).collect(options),
    openImageStore: async (options) => (await import("../api/image-store/image-store.js")).openImageStore(options),
    combineImages: async (options) => unnamed((await import("../api/image-store/combine-images.js")).combineImages(shown(options))),
    inspectRemote: async (ref, options, use) =>
      unnamed((await import("../api/image-store/remote-image.js")).inspectRemote(ref, shown(options), use)),
    login: async (options) => unnamed((await import("../api/image-store/registry-login.js")).login(shown(options))),
    logout: async (options) => unnamed((await import("../api/image-store/registry-login.js")).logout(shown(options))),
    doctor: async (options) => (await import("../api/doctor/doctor.js")).doctor(options),
    serve: async (options) => (await import("../api/server/serve.js")).serve(options),
    openBuildHistory: async (options) => (await import("../api/store/build-history.js")).openBuildHistory(options),
  };
}

/** Takes the step's name from an error: the command is the step. */
async function unnamed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TsbuildError) error.step = undefined;
    throw error;
  }
}
