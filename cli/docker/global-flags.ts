import { missingValue } from "../syntax/errors.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment } from "../environment.js";

/** A flag that docker takes before its command. */
interface GlobalFlag {
  readonly short?: string;
  /** True for a switch. */
  readonly bare?: true;
  /**
   * True where `tsbuild build` has the letter too. Such a flag is docker's only when a command
   * follows.
   */
  readonly shared?: true;
  /** Variable of the process that the flag sets. Without one the flag changes nothing. */
  readonly variable?: string;
}

const FLAGS: Readonly<Record<string, GlobalFlag>> = {
  config: { variable: "DOCKER_CONFIG" },
  context: { short: "c", shared: true, variable: "DOCKER_CONTEXT" },
  debug: { short: "D", bare: true, shared: true, variable: "TSBUILD_DEBUG" },
  host: { short: "H", variable: "DOCKER_HOST" },
  "log-level": { short: "l" },
  tls: { bare: true },
  tlscacert: {},
  tlscert: {},
  tlskey: {},
  tlsverify: { bare: true },
};

/**
 * Returns the arguments behind the flags that docker takes before its command, and gives the
 * process what these say. `isCommand` returns true for words that begin with a command.
 */
export function takeGlobalFlags(
  argv: readonly string[],
  environment: CliEnvironment,
  isCommand: (argv: readonly string[]) => boolean,
): readonly string[] {
  const found: (readonly [GlobalFlag, string])[] = [];
  let at = 0;
  let shared = false;
  for (;;) {
    const arg = argv[at] ?? "";
    const [, long, short, equals, tail = ""] = /^(?:--([a-z-]+)|-([A-Za-z]))(?:(=)?(.*))$/s.exec(arg) ?? [];
    const entry = Object.entries(FLAGS).find(([name, flag]) =>
      long === undefined ? short !== undefined && flag.short === short : name === long,
    );
    if (entry === undefined) break;
    const [name, flag] = entry;
    const attached = equals !== undefined || (short !== undefined && tail !== "");
    if (flag.bare && short !== undefined && attached) break;
    const value = attached ? tail : flag.bare ? "1" : argv[++at];
    if (value === undefined) throw missingValue(`--${name}`, '"tsbuild --help" lists the commands');
    shared ||= flag.shared === true;
    found.push([flag, value]);
    at++;
  }
  const rest = argv.slice(at);
  // "tsbuild -D ." builds: -D is a flag of the build then.
  if (found.length === 0 || (shared && !isCommand(rest))) return argv;
  for (const [{ variable }, value] of found) {
    if (variable === "DOCKER_CONFIG") environment.setVariable(variable, hostPath(environment, value));
    else if (variable !== undefined && value !== "false") environment.setVariable(variable, value);
  }
  return rest;
}
