import type { Readable, Writable } from "node:stream";
import type { DebugProtocol } from "@vscode/debugprotocol";

type Body = Record<string, unknown>;

/** An editor that speaks the Debug Adapter Protocol, by its specification and no library. */
export class FakeEditor {
  readonly #input: Writable;
  readonly #events: DebugProtocol.Event[] = [];
  readonly #answers = new Map<number, (response: DebugProtocol.Response) => void>();
  /** Requests of the adapter, which the editor grants. */
  readonly requests: DebugProtocol.Request[] = [];
  #look: () => void = () => undefined;
  #seq = 0;
  #rest = Buffer.alloc(0);

  constructor(input: Writable, output: Readable) {
    this.#input = input;
    output.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** Sends a request. Returns the body of its answer; rejects with its message. */
  async ask(command: string, args: Body = {}): Promise<Body> {
    const answer = new Promise<DebugProtocol.Response>((resolve) => this.#answers.set(this.#seq + 1, resolve));
    this.#send({ type: "request", command, arguments: args });
    const { success, body, message } = await answer;
    const text = (body as { error?: DebugProtocol.Message } | undefined)?.error?.variables?.["text"];
    if (!success) throw new Error(text ?? message);
    return (body ?? {}) as Body;
  }

  /** Returns the next event of a kind, with all events before it forgotten. */
  async event(kind: string): Promise<Body> {
    for (;;) {
      const at = this.#events.findIndex(({ event }) => event === kind);
      const [found] = at === -1 ? [] : this.#events.splice(0, at + 1).slice(-1);
      if (found) return (found.body ?? {}) as Body;
      await new Promise<void>((resolve) => (this.#look = resolve));
    }
  }

  /** Returns the output so far, which is then forgotten, by category. */
  output(category: string): string {
    const found = this.#events.filter(({ event, body }) => event === "output" && (body as Body)["category"] === category);
    return found.map(({ body }) => (body as { output: string }).output).join("");
  }

  #send(message: Body): void {
    const text = JSON.stringify({ seq: ++this.#seq, ...message });
    this.#input.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = this.#rest.indexOf("\r\n\r\n");
      const size = Number(/Content-Length: (\d+)/.exec(this.#rest.subarray(0, Math.max(head, 0)).toString())?.[1]);
      if (head === -1 || this.#rest.length < head + 4 + size) return;
      const message = JSON.parse(this.#rest.subarray(head + 4, head + 4 + size).toString()) as DebugProtocol.ProtocolMessage;
      this.#rest = this.#rest.subarray(head + 4 + size);
      this.#handle(message);
    }
  }

  #handle(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === "event") this.#events.push(message as DebugProtocol.Event);
    else if (message.type === "response") {
      const response = message as DebugProtocol.Response;
      this.#answers.get(response.request_seq)?.(response);
    } else {
      const request = message as DebugProtocol.Request;
      this.requests.push(request);
      this.#send({ type: "response", request_seq: request.seq, command: request.command, success: true, body: {} });
    }
    this.#look();
  }
}
