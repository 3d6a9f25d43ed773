import { attribute } from "../../core/attributes.js";
import type { Exporter } from "../exporter.js";
import { IMAGE, IMPLIED_BY_IMAGES, PUSH, type PushForm } from "./common.js";
import { type OutputContext, outputType } from "./output-type.js";

const implied = { ...IMPLIED_BY_IMAGES, "oci-artifact": "false" };

async function pusher(output: PushForm, context: OutputContext, names: readonly string[]): Promise<Exporter> {
  const { registryPush } = await import("../registry-push.js");
  if (output.insecure !== true) return registryPush({ client: await context.registry() });
  const { parseReference } = await import("../../oci/reference.js");
  const hosts = [...names, ...(output.danglingNamePrefix === undefined ? [] : [output.danglingNamePrefix])];
  return registryPush({ client: await context.insecureRegistry([...new Set(hosts.map((name) => parseReference(name).registry))]) });
}

/**
 * Returns the exporters of an image. An image that goes nowhere is made as well, because its digest
 * is asked for.
 */
async function imageExporters(
  output: PushForm,
  { stores, pushes }: { readonly stores: boolean; readonly pushes: boolean },
  context: OutputContext,
  names: readonly string[],
): Promise<readonly Exporter[]> {
  const { imageStore } = await import("../image-store.js");
  return [
    ...(stores || !pushes ? [imageStore(stores ? context.store : undefined)] : []),
    ...(pushes ? [await pusher(output, context, names)] : []),
  ];
}

/** An image in a registry. */
export const registry = outputType({
  type: "registry",
  attributes: { ...IMAGE, ...PUSH },
  holds: "layers",
  implied: { push: "true", ...implied },
  pushes: () => true,
  stores: ({ store }) => store === true,
  open: (output, context, names) => imageExporters(output, { stores: output.store === true, pushes: true }, context, names),
});

/** An image in the local image store, and where `push` says so in the registries of its names. */
export const image = outputType({
  type: "image",
  attributes: { push: attribute.flag(), ...IMAGE, ...PUSH },
  holds: "layers",
  implied,
  pushes: ({ push }) => push === true,
  stores: ({ store }) => store !== false,
  open: (output, context, names) =>
    imageExporters(output, { stores: output.store !== false, pushes: output.push === true }, context, names),
});
