import type { SourceFile } from "../../core/diagnostics.js";
import { badReference, circle } from "./errors.js";
import { entriesOf, type Mapping, member, type Place, type Tree, withEntries } from "./tree.js";
import { text } from "./values.js";

interface ExtendPorts {
  /** Returns the services of another file, with its paths resolved. */
  servicesOf(path: string, place: Place): ReadonlyMap<string, Tree>;
  /** Returns a service on top of the one that it extends. */
  merge(base: Tree, service: Tree): Tree;
}

/** Services of one file. */
interface Services {
  readonly file: string;
  readonly services: ReadonlyMap<string, Tree>;
}

/** Returns a document whose services have what they extend. Throws `compose/reference`. */
export function extendServices(document: Mapping, file: SourceFile, ports: ExtendPorts): Mapping {
  const group = document.entries.get("services");
  if (group?.kind !== "mapping") return document;
  const own = { file: file.name, services: group.entries };
  const services = [...group.entries.keys()].map((name): [string, Tree] => [name, extended(name, own, [], ports)]);
  return withEntries(document, new Map([...document.entries, ["services", withEntries(group, new Map(services))]]));
}

function extended(name: string, { file, services }: Services, way: readonly string[], ports: ExtendPorts): Tree {
  const service = services.get(name) as Tree;
  const wanted = member(service, "extends");
  if (service.kind !== "mapping" || wanted === undefined) return service;
  const here = `${name} (${file})`;
  const path = [...way, here];
  if (way.includes(here)) throw circle("extend services", path.slice(way.indexOf(here)), wanted);
  const otherFile = wanted.kind === "mapping" ? text(member(wanted, "file")) : undefined;
  const base = (wanted.kind === "mapping" ? text(member(wanted, "service")) : text(wanted)) ?? "";
  const from: Services = otherFile === undefined ? { file, services } : { file: otherFile, services: ports.servicesOf(otherFile, wanted) };
  if (!from.services.has(base)) {
    const known = [...from.services.keys()];
    throw badReference(
      `Cannot extend the service "${base}": ${from.file} has none of this name`,
      wanted,
      known.length > 0 ? `it has ${known.join(", ")}` : undefined,
    );
  }
  const own = withEntries(service, new Map([...entriesOf(service)].filter(([key]) => key !== "extends")));
  return ports.merge(extended(base, from, path, ports), own);
}
