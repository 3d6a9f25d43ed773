import {
  DebugSession,
  ExitedEvent,
  InitializedEvent,
  OutputEvent,
  Response,
  StoppedEvent,
  TerminatedEvent,
  Thread,
} from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { BuildOptions } from "../../api/options/options.js";
import type { SteppedBuild } from "../../api/stepping/stepped-build.js";
import { CanceledError } from "../../core/errors.js";
import type { BuildEvent } from "../../core/events.js";
import { deferred } from "../../core/tasks/deferred.js";
import { printableLines } from "../../core/text/printable.js";
import type { CliEnvironment } from "../environment.js";
import { renderError } from "../output/render-error.js";
import { DockerfileSource } from "./dockerfile-source.js";
import { notLaunched, unknownRequest } from "./errors.js";
import { type Launch, launchedOptions, readLaunch } from "./launch.js";
import { buildRequests, type Requests } from "./requests.js";
import { Stepper } from "./stepper.js";
import { StateTree } from "./variables.js";

/** The build is one thread: its steps run in the order of the Dockerfile. */
const THREAD = 1;
/** Milliseconds that an editor has to open a terminal. */
const TERMINAL_TIMEOUT = 10_000;

interface DebugSessionParts {
  readonly options: BuildOptions;
  readonly environment: CliEnvironment;
}

/** One editor that debugs one build. */
export class BuildDebugSession extends DebugSession {
  readonly #options: BuildOptions;
  readonly #environment: CliEnvironment;
  readonly #abort = new AbortController();
  readonly #configured = deferred();
  readonly #left = deferred();
  /** Answers of the session itself; {@link #buildRequests} are there once a build was launched. */
  readonly #requests: Requests = {
    initialize: (args: DebugProtocol.InitializeRequestArguments) => this.#initialize(args),
    launch: (args: DebugProtocol.LaunchRequestArguments) => this.#launch(args),
    configurationDone: () => {
      this.#configured.resolve();
      return undefined;
    },
    threads: () => ({ threads: [new Thread(THREAD, "build")] }),
    terminate: () => this.#endBuild(),
    disconnect: () => this.#disconnect(),
  };
  #buildRequests: Requests | undefined;
  #stepper: Stepper | undefined;
  #running: Promise<void> = Promise.resolve();
  #firstLine = 1;
  #opensTerminals = false;

  constructor({ options, environment }: DebugSessionParts) {
    super();
    this.#options = options;
    this.#environment = environment;
    // The base class would end the process.
    this.setRunAsServer(true);
    environment.signal.addEventListener("abort", () => this.shutdown(), { once: true });
  }

  /** Promise of the end of the session: the editor has left, and nothing runs. */
  get closed(): Promise<void> {
    return this.#left.promise.then(() => this.#running);
  }

  /** Ends the build and the session. The base class calls this when the editor is gone. */
  override shutdown(): void {
    this.#endBuild();
    this.#left.resolve();
  }

  /** Answers a request. The base class calls this for each. */
  override dispatchRequest(request: DebugProtocol.Request): void {
    const { command } = request;
    const answer = this.#requests[command] ?? this.#buildRequests?.[command];
    const response: DebugProtocol.Response = new Response(request);
    const made = async () => {
      if (answer === undefined) throw this.#buildRequests === undefined ? notLaunched(command) : unknownRequest(command);
      return await answer((request.arguments ?? {}) as never);
    };
    made().then(
      (body) => {
        this.sendResponse(body === undefined ? response : { ...response, body });
        if (command === "disconnect") this.#left.resolve();
      },
      (error: unknown) =>
        this.sendErrorResponse(response, { id: 1, format: "{text}", variables: { text: errorText(error) }, showUser: true }),
    );
  }

  #initialize({
    linesStartAt1 = true,
    supportsRunInTerminalRequest = false,
  }: DebugProtocol.InitializeRequestArguments): DebugProtocol.Capabilities {
    this.#firstLine = linesStartAt1 ? 1 : 0;
    this.#opensTerminals = supportsRunInTerminalRequest;
    return {
      supportsConfigurationDoneRequest: true,
      supportsEvaluateForHovers: true,
      supportsExceptionInfoRequest: true,
      supportsStepBack: true,
      supportsTerminateRequest: true,
    };
  }

  /** Begins a build. Resolves when its Dockerfile is compiled; rejects with what a build throws. */
  async #launch(args: DebugProtocol.LaunchRequestArguments): Promise<object> {
    const launch = readLaunch(args);
    const compiled = deferred();
    this.#running = this.#run(launch, compiled.resolve).then(
      (code) => this.#exit(code),
      (error: unknown) => {
        if (this.#stepper === undefined) compiled.reject(error);
        else if (!(error instanceof CanceledError)) this.#print(errorText(error), "stderr");
        this.#exit(1);
      },
    );
    await compiled.promise;
    return {};
  }

  /** Returns the exit code of a build, which stops where the editor says. */
  async #run(launch: Launch, onCompiled: () => void): Promise<number> {
    const given = launchedOptions(this.#options, launch, this.#environment);
    const options = { ...given, signal: this.#abort.signal, onEvent: (event: BuildEvent) => this.#show(event) };
    const { api } = this.#environment;
    const isComplete = await api.withSteps(options, async (build) => {
      const stepper = this.#stepperOf(build);
      onCompiled();
      // The answer to `launch` goes first.
      setImmediate(() => this.sendEvent(new InitializedEvent()));
      await this.#configured.promise;
      if (this.#abort.signal.aborted) stepper.end();
      if (launch.noDebug) stepper.breakpoints = [];
      stepper.begin(launch.stopOnEntry && !launch.noDebug);
      await stepper.ended;
      return stepper.complete;
    });
    if (!isComplete) return 1;
    // All steps are cached now. The image and its outputs are still to be made.
    const { imageId } = await api.build({ ...options, onEvent: () => {} });
    this.#print(imageId, "console");
    return 0;
  }

  #stepperOf(build: SteppedBuild): Stepper {
    const tree = new StateTree(build);
    const stepper = new Stepper({
      build,
      onStop: (reason, failure) => this.sendEvent(new StoppedEvent(reason, THREAD, failure === undefined ? undefined : errorText(failure))),
      onMove: (step) => {
        tree.reset();
        if (step) this.#print(step.name, "console");
      },
    });
    const source = new DockerfileSource(build.source, this.#environment);
    this.#stepper = stepper;
    this.#buildRequests = buildRequests(
      { build, source, stepper, tree },
      {
        firstLine: this.#firstLine,
        print: (text, category) => this.sendEvent(new OutputEvent(text, category)),
        openTerminal: (at) => this.#openTerminal(at),
        errorText,
      },
    );
    return stepper;
  }

  /** Has the editor open a shell where the build stands. Returns what to type where it cannot. */
  async #openTerminal(build: SteppedBuild): Promise<string> {
    const id = await build.keep();
    const { program, cwd } = this.#environment;
    const { root } = this.#options;
    const words = ["debug", ...(root === undefined ? [] : ["--root", root]), id];
    const typed = `Type: ${["tsbuild", ...words].join(" ")}`;
    if (!this.#opensTerminals) return typed;
    const terminal: DebugProtocol.RunInTerminalRequestArguments = {
      kind: "integrated",
      title: "tsbuild debug",
      cwd,
      args: [...program, ...words],
    };
    return await new Promise((done) =>
      this.runInTerminalRequest(terminal, TERMINAL_TIMEOUT, ({ success }) =>
        done(success ? "" : `The editor opened no terminal. ${typed}`),
      ),
    );
  }

  #endBuild(): undefined {
    this.#abort.abort();
    this.#configured.resolve();
    this.#stepper?.end();
  }

  async #disconnect(): Promise<object> {
    this.#endBuild();
    await this.#running;
    return {};
  }

  #exit(code: number): void {
    this.sendEvent(new ExitedEvent(code));
    this.sendEvent(new TerminatedEvent());
  }

  #show(event: BuildEvent): void {
    if (event.type === "output") this.sendEvent(new OutputEvent(printableLines(Buffer.from(event.data).toString("utf8")), event.stream));
    else if (event.type === "progress" && event.wait === true) this.#print(event.item, "console");
  }

  #print(line: string, category: "console" | "stderr"): void {
    this.sendEvent(new OutputEvent(`${printableLines(line)}\n`, category));
  }
}

/** Returns an error as the command shows it. The output of a step was shown when it came. */
function errorText(error: unknown): string {
  return renderError(error, { outputShown: true }).trimEnd();
}
