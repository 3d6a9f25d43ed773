import { hostPlatform, formatPlatform, normalizePlatform, type Platform } from "../../oci/platform.js";
import type { Rootfs, Vertex } from "../../llb/vertex.js";
import type { Descriptor } from "../../oci/types.js";
import type { ProvenanceOptions } from "../options/output-types.js";
import { type LlbSteps, llbSteps } from "./llb-steps.js";
import { type Material, type MaterialPorts, materialsOf } from "./materials.js";
import type { WebMaterials } from "./web-materials.js";
import { redacted, redactedText } from "./redact.js";
import { type Invocation, parametersOf } from "./parameters.js";

/** Everything that provenance says of one image. */
export interface ProvenanceSubject {
  readonly invocation: Invocation;
  readonly rootfs: Rootfs;
  readonly platform: Platform;
  /** Layers of the image; none where only its files are wanted. */
  readonly layers: readonly Descriptor[];
  /** Id of the build. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly finished: number;
}

const VERSIONS = {
  "v0.2": { predicateType: "https://slsa.dev/provenance/v0.2", predicate: slsa02 },
  v1: { predicateType: "https://slsa.dev/provenance/v1", predicate: slsa1 },
} as const;

/** Content of both versions of SLSA's form. */
interface Facts {
  readonly options: ProvenanceOptions;
  readonly subject: ProvenanceSubject;
  readonly materials: readonly Material[];
  readonly config: { readonly uri?: string; readonly digest?: Material["digest"]; readonly path: string };
  readonly parameters: Readonly<Record<string, unknown>>;
  /** True where `mode` left no parameter out. */
  readonly allParameters: boolean;
  readonly allMaterials: boolean;
  readonly hermetic: boolean;
  /** The graph, in `mode=max`. */
  readonly graph: LlbSteps | undefined;
  readonly web: WebMaterials | undefined;
}

/**
 * Returns type and predicate of an image's provenance: BuildKit's fields, in SLSA's form. Users and
 * passwords of addresses are left out; values of secrets are in no graph.
 */
export async function provenanceOf(
  subject: ProvenanceSubject,
  options: ProvenanceOptions,
  ports: MaterialPorts,
): Promise<{ readonly predicateType: string; readonly predicate: Readonly<Record<string, unknown>> }> {
  const { invocation, platform, rootfs } = subject;
  const graph = llbSteps(rootfs);
  const { materials, locals, incomplete, web } = await materialsOf(graph.vertices, formatPlatform(normalizePlatform(platform)), ports);
  const max = options.mode === "max";
  const { parameters, complete } = parametersOf(invocation, { graph, locals, max });
  const { uri, path } = invocation.source;
  const digest = materials.find((material) => material.uri === uri)?.digest;
  const allMaterials = !incomplete && invocation.locals.length === 0;
  const facts: Facts = {
    options,
    subject,
    materials,
    config: { ...(uri === undefined ? {} : { uri }), ...(digest && { digest }), path },
    parameters,
    allParameters: complete,
    allMaterials,
    hermetic: allMaterials && !graph.vertices.some(reachesNetwork),
    graph: max ? graph : undefined,
    web,
  };
  const { predicateType, predicate } = VERSIONS[options.version ?? "v0.2"];
  return { predicateType, predicate: redacted(predicate(facts)) };
}

function reachesNetwork({ op }: Vertex): boolean {
  return op.kind === "exec" && op.network !== "none";
}

function slsa02({ options, subject, materials, config, graph, web, ...facts }: Facts): Readonly<Record<string, unknown>> {
  const { path: entryPoint, ...source } = config;
  return {
    builder: { id: options.builderId ?? "" },
    buildType: "https://mobyproject.org/buildkit@v1",
    materials,
    invocation: {
      configSource: { ...source, entryPoint },
      parameters: facts.parameters,
      environment: { platform: formatPlatform(normalizePlatform(hostPlatform())) },
    },
    ...(graph && { buildConfig: buildConfig(graph) }),
    metadata: {
      buildInvocationID: subject.id,
      buildStartedOn: new Date(subject.started).toISOString(),
      buildFinishedOn: new Date(subject.finished).toISOString(),
      completeness: { parameters: facts.allParameters, environment: true, materials: facts.allMaterials },
      reproducible: options.reproducible ?? false,
      "https://mobyproject.org/buildkit@v1#metadata": { ...(graph && detailsOf(graph, subject)), ...networkOf(web) },
      ...(facts.hermetic && { "https://mobyproject.org/buildkit@v1#hermetic": true }),
    },
  };
}

function slsa1({ options, subject, materials, config, graph, web, ...facts }: Facts): Readonly<Record<string, unknown>> {
  return {
    buildDefinition: {
      buildType: "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
      resolvedDependencies: materials,
      externalParameters: { configSource: config, request: facts.parameters },
      internalParameters: {
        ...(graph && { buildConfig: buildConfig(graph) }),
        builderPlatform: formatPlatform(normalizePlatform(hostPlatform())),
      },
    },
    runDetails: {
      builder: { id: options.builderId ?? "" },
      metadata: {
        invocationId: subject.id,
        startedOn: new Date(subject.started).toISOString(),
        finishedOn: new Date(subject.finished).toISOString(),
        buildkit_metadata: { ...(graph && detailsOf(graph, subject)), ...networkOf(web) },
        ...(facts.hermetic && { buildkit_hermetic: true }),
        buildkit_completeness: { request: facts.allParameters, resolvedDependencies: facts.allMaterials },
        ...(options.reproducible && { buildkit_reproducible: true }),
      },
    },
  };
}

/** Returns how steps reached the web, where proxies recorded it. */
function networkOf(web: WebMaterials | undefined): Readonly<Record<string, unknown>> {
  if (web === undefined) return {};
  return { network: { mode: "proxy", ...(web.incomplete.length > 0 && { proxy: { incomplete: web.incomplete } }) } };
}

function buildConfig({ llbDefinition, digestMapping }: LlbSteps): Readonly<Record<string, unknown>> {
  return { llbDefinition, digestMapping };
}

/**
 * Returns the lines of the Dockerfile that each step comes from, with its text, and the image's
 * layers.
 */
function detailsOf({ vertices, result }: LlbSteps, { invocation, layers }: ProvenanceSubject): Readonly<Record<string, unknown>> {
  const locations = vertices.map(({ metadata: { range } }, index): readonly [string, unknown] => [
    `step${index}`,
    range === undefined ? {} : { locations: [{ ranges: [{ start: { line: range.line }, end: { line: range.endLine } }] }] },
  ]);
  const data = Buffer.from(redactedText(invocation.dockerfile)).toString("base64");
  return {
    source: {
      locations: Object.fromEntries(locations),
      infos: [{ filename: invocation.source.path, language: "Dockerfile", data }],
    },
    ...(result === undefined || layers.length === 0
      ? {}
      : { layers: { [result]: [layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))] } }),
  };
}
