import type { DebugProtocol } from "@vscode/debugprotocol";
import { hostPath } from "../../api/texts/surroundings.js";
import type { BuildOptions } from "../../api/options/options.js";
import type { CliEnvironment } from "../environment.js";
import { badLaunch } from "./errors.js";

/** Launch configuration of an editor, with the names that buildx gives. */
export interface Launch {
  readonly dockerfile?: string;
  readonly contextPath?: string;
  readonly target?: string;
  readonly stopOnEntry: boolean;
  /** True builds without stops. */
  readonly noDebug: boolean;
}

const TEXTS = ["dockerfile", "contextPath", "target"] as const;
const SWITCHES = ["stopOnEntry", "noDebug"] as const;

/** Reads a launch configuration. Members of editors that are unknown here are theirs. */
export function readLaunch(configuration: DebugProtocol.LaunchRequestArguments): Launch {
  const members = configuration as Readonly<Record<string, unknown>>;
  for (const name of TEXTS) if (members[name] !== undefined && typeof members[name] !== "string") throw badLaunch(name, "a text");
  for (const name of SWITCHES)
    if (members[name] !== undefined && typeof members[name] !== "boolean") throw badLaunch(name, "true or false");
  const texts = Object.fromEntries(TEXTS.flatMap((name) => (members[name] ? [[name, members[name] as string]] : [])));
  return { ...texts, stopOnEntry: members["stopOnEntry"] === true, noDebug: members["noDebug"] === true };
}

/** Returns the options of the command line with those of a launch configuration in their place. */
export function launchedOptions(
  options: BuildOptions,
  { dockerfile, contextPath, target }: Launch,
  environment: Pick<CliEnvironment, "cwd">,
): BuildOptions {
  return {
    ...options,
    ...(contextPath === undefined ? {} : { context: hostPath(environment, contextPath) }),
    ...(dockerfile === undefined ? {} : { dockerfile: hostPath(environment, dockerfile) }),
    ...(target === undefined ? {} : { target }),
  };
}
