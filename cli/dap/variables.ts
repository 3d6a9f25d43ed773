import { Handles, Scope, Variable } from "@vscode/debugadapter";
import type { SteppedBuild } from "../../api/stepping/stepped-build.js";
import type { NodeMeta } from "../../core/file-node.js";
import { printable } from "../../core/text/printable.js";

type Branch = () => Promise<readonly Variable[]>;
type Place = Pick<SteppedBuild, "surroundings" | "files">;

/** Letters of the kinds of nodes, as in ls(1). */
const KINDS: Readonly<Record<NodeMeta["type"], string>> = { file: "-", dir: "d", symlink: "l", char: "c", block: "b", fifo: "p" };

/** State of a build as a tree of variables. A branch is read when an editor opens it. */
export class StateTree {
  readonly #handles = new Handles<Branch>();
  readonly #build: Place;

  constructor(build: Place) {
    this.#build = build;
  }

  /** Forgets all branches: the build goes on. */
  reset(): void {
    this.#handles.reset();
  }

  scopes(): readonly Scope[] {
    const scope = (name: string, branch: Branch, expensive = false) => new Scope(name, this.#handles.create(branch), expensive);
    return [
      scope("Step", () => this.#step()),
      scope("Environment", () => this.#environment()),
      scope("Files", () => this.#files(""), true),
    ];
  }

  /** Returns the variables of a branch; none when it was forgotten. */
  async branch(reference: number): Promise<readonly Variable[]> {
    return (await this.#handles.get(reference, async () => [])()) ?? [];
  }

  /** Returns the value of a variable of the step; undefined when it is not set. */
  async value(name: string): Promise<string | undefined> {
    const { env } = await this.#build.surroundings();
    return env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  async #step(): Promise<readonly Variable[]> {
    const { args, cwd, user } = await this.#build.surroundings();
    return [
      ...(args.length === 0 ? [] : [new Variable("command", printable(JSON.stringify(args)))]),
      new Variable("directory", printable(cwd)),
      new Variable("user", user === "" ? "0" : printable(user)),
    ];
  }

  async #environment(): Promise<readonly Variable[]> {
    const { env } = await this.#build.surroundings();
    return env.map((entry) => {
      const at = entry.indexOf("=");
      return new Variable(entry.slice(0, at), printable(entry.slice(at + 1)));
    });
  }

  async #files(directory: string): Promise<readonly Variable[]> {
    const found = await this.#build.files(directory);
    return found.map(([name, node]) => {
      const path = directory === "" ? name : `${directory}/${name}`;
      const reference = node.type === "dir" ? this.#handles.create(() => this.#files(path)) : 0;
      return new Variable(printable(name), nodeText(node), reference);
    });
  }
}

/** Returns a node as ls(1) shows it. */
function nodeText({ type, mode, uid, gid, size, link, device }: NodeMeta): string {
  const end =
    link !== undefined ? ` -> ${printable(link)}` : device ? ` ${device.major}, ${device.minor}` : type === "file" ? ` ${size} B` : "";
  return `${KINDS[type]}${modeText(mode)} ${uid}:${gid}${end}`;
}

/** Returns permission bits as ls(1) writes them: `rwsr-xr-x`. */
function modeText(mode: number): string {
  const special = [mode & 0o4000, mode & 0o2000, mode & 0o1000];
  return [6, 3, 0]
    .map((shift, at) => {
      const bits = mode >> shift;
      const letter = at === 2 ? "t" : "s";
      const run = special[at] ? (bits & 1 ? letter : letter.toUpperCase()) : bits & 1 ? "x" : "-";
      return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${run}`;
    })
    .join("");
}
