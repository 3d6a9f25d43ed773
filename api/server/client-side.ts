import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BuildEvent } from "../../core/events.js";
import { removeTree } from "../../core/system/remove-tree.js";
import type { BuiltImage } from "../../frontend/frontend.js";
import { AgentSockets } from "../../solver/buildkit/serving/agent-sockets.js";
import type { ClientSession } from "../../solver/buildkit/serving/client-session.js";
import { sentFile } from "../../solver/buildkit/serving/sent-file.js";
import { SEND_DIRECTORY } from "../../solver/buildkit/messages/session.js";
import { sendFiles } from "../../solver/buildkit/transfer/sync-files.js";
import { LocalTree } from "../../solver/ops/local/local-tree.js";
import { filesOf } from "../builder/offered-files.js";
import { runAsStep } from "../record/build-steps.js";
import type { ClientPorts } from "../options/client-ports.js";
import type { BuildResult } from "../options/options.js";
import { noSession } from "./errors.js";
import { type ExporterEntry, requestedOutputs, type RequestedOutput } from "./requests/request-outputs.js";
import { sendLayout } from "./results/send-layout.js";
import type { ServerParts } from "./parts/server-parts.js";

interface ClientSideOptions {
  readonly client: ClientSession;
  readonly signal: AbortSignal;
  readonly server: ServerParts;
}

interface PortsOptions {
  readonly directories: ClientPorts["directories"];
  readonly origin: ClientPorts["origin"];
  /** Sessions of directories by their names; those of the client itself are not among them. */
  readonly sessions: ReadonlyMap<string, string>;
  readonly inputs: ReadonlyMap<string, BuiltImage>;
}

/** The client of one solve: its files and secrets for a build, and the places of its outputs. */
export class ClientSide implements AsyncDisposable {
  readonly #options: ClientSideOptions;
  readonly #held: (() => void)[] = [];
  readonly #agents: AgentSockets;
  readonly #secrets = new Map<string, Promise<Uint8Array | undefined>>();
  #outputs: readonly RequestedOutput[] | undefined;

  constructor(options: ClientSideOptions) {
    this.#options = options;
    const { client, signal, server } = options;
    this.#agents = new AgentSockets(client, { directory: () => server.store.temporaryDirectory(), signal });
  }

  /** Returns the ports of a build. */
  ports({ directories, origin, sessions, inputs }: PortsOptions): ClientPorts {
    const { client, signal, server } = this.#options;
    return {
      directories,
      origin,
      secrets: {
        value: (id) => this.#secret(id),
        agent: (id) => this.#agents.socket(id),
      },
      credentials: {
        find: async (registry) => {
          const found = await client.credentials(registry, signal);
          if (!found) return undefined;
          const { username, secret } = found;
          return username === "" ? { kind: "identity-token", token: secret } : { kind: "basic", username, password: secret };
        },
      },
      bring: async (wanted) => {
        const id = wanted.session ?? sessions.get(wanted.name);
        const owner = id === undefined ? client : await server.sessions.wait(id, signal);
        if (!owner) throw noSession(id ?? "");
        return await server.directories.bring(owner, wanted, signal, this.#held);
      },
      input: (name) => inputs.get(name),
    };
  }

  /** Returns the outputs of the solve, each with its place, the same at each call. */
  outputs(exporters: readonly ExporterEntry[]): readonly RequestedOutput[] {
    const { client, signal, server } = this.#options;
    this.#outputs ??= requestedOutputs(exporters, {
      file: (exporter) => sentFile(client, { exporter, signal }),
      directory: (exporter) => {
        const place = join(server.store.temporaryDirectory(), `output-${exporter}`);
        mkdirSync(place, { mode: 0o700 });
        this.#held.push(() => removeTree(place));
        return place;
      },
    });
    return this.#outputs;
  }

  /** Sends directories of results to the client. Returns what the outputs of a build said. */
  async sendResults({ exports }: BuildResult, onEvent: (event: BuildEvent) => void): Promise<ReadonlyMap<string, string>> {
    for (const [exporter, { files, layout }] of (this.#outputs ?? []).entries()) {
      if (files !== undefined) await this.#sendFiles(exporter, files, onEvent);
      if (layout !== undefined) await sendLayout(layout, this.#options);
    }
    return responseOf(exports);
  }

  async #sendFiles(exporter: number, directory: string, onEvent: (event: BuildEvent) => void): Promise<void> {
    const { client, signal } = this.#options;
    await runAsStep({ kind: "export", text: "copying files to the client" }, onEvent, async (step) => {
      const call = client.channel.call(SEND_DIRECTORY, {
        signal,
        metadata: { "buildkit-attachable-exporter-id": String(exporter), "buildkit-exporter-multi-platform": "1" },
      });
      const count = { offered: 0, sent: 0, bytes: 0 };
      await sendFiles(call, filesOf(new LocalTree(directory, { name: "result" })), count);
      call.end();
      for await (const _ of call.messages);
      step.progress("copying files", count.bytes, count.bytes, true);
    });
  }

  #secret(id: string): Promise<Uint8Array | undefined> {
    const known = this.#secrets.get(id);
    if (known) return known;
    const asked = this.#options.client.secret(id, this.#options.signal);
    this.#secrets.set(id, asked);
    return asked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agents[Symbol.asyncDispose]();
    for (const give of this.#held.splice(0)) give();
  }
}

/** Returns the response of BuildKit's exporters: texts, and JSON in base64. */
function responseOf(exports: BuildResult["exports"]): ReadonlyMap<string, string> {
  const response = new Map<string, string>();
  for (const { metadata } of exports)
    for (const [name, value] of Object.entries(metadata))
      response.set(name, typeof value === "string" ? value : Buffer.from(JSON.stringify(value)).toString("base64"));
  return response;
}
