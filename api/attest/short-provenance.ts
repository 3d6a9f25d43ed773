type Members = Readonly<Record<string, unknown>>;

/**
 * Returns a predicate without what describes the single build: the form that buildx writes to its
 * metadata file.
 */
export function shortProvenance({ buildConfig: _config, metadata: _metadata, ...rest }: Members): Members {
  const { buildDefinition, runDetails } = rest as Readonly<Record<string, Members | undefined>>;
  if (buildDefinition === undefined || runDetails === undefined) return rest;
  const { buildConfig: _graph, ...internalParameters } = buildDefinition["internalParameters"] as Members;
  const { metadata: _details, ...details } = runDetails;
  return { ...rest, buildDefinition: { ...buildDefinition, internalParameters }, runDetails: details };
}
