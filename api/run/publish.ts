import { type PortWish, PublishedPorts } from "../../executor-native/network/published-ports.js";
import type { ContainerConfig } from "../../oci/types.js";
import type { CommandPlace } from "../commands/run-on-layers.js";
import { cannotPublish } from "../commands/errors.js";
import { exposedPorts, parsePort } from "../texts/ports.js";
import type { RunOptions } from "./run-options.js";

/** Returns the ports that a run publishes. */
export function portWishes({ publish = [], publishAll = false }: RunOptions, config: ContainerConfig): readonly PortWish[] {
  const given = publish.flatMap(parsePort);
  const isGiven = (one: PortWish): boolean => given.some(({ port, protocol }) => port === one.port && protocol === one.protocol);
  return [...given, ...(publishAll ? exposedPorts(config.ExposedPorts).filter((one) => !isGiven(one)) : [])];
}

/** Publishes ports of a command. Throws `run/publish` where it has no network of its own. */
export async function publishPorts(
  wishes: readonly PortWish[],
  { network: { place, notice } }: Pick<CommandPlace, "network">,
  onPublish: RunOptions["onPublish"],
): Promise<AsyncDisposable> {
  if (!place) throw cannotPublish(notice);
  const published = await PublishedPorts.open(wishes, place);
  onPublish?.(published.ports);
  return published;
}
