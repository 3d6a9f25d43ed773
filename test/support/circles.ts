/**
 * Finds a shortest circle through each group of nodes that reach each other. Its first node is its
 * last as well.
 */
export function circles(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const seen = new Set<string>();
  for (const start of edges.keys()) {
    if (seen.has(start)) continue;
    const circle = wayBack(start, edges);
    for (const node of circle ?? []) seen.add(node);
    if (circle) found.push(circle);
  }
  return found;
}

/** Returns the shortest way from a node to itself. */
function wayBack(start: string, edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const from = new Map<string, string>();
  const queue = [start];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    for (const next of edges.get(node) ?? []) {
      if (from.has(next)) continue;
      from.set(next, node);
      if (next === start) return trail(start, from);
      queue.push(next);
    }
  }
  return undefined;
}

function trail(start: string, from: ReadonlyMap<string, string>): readonly string[] {
  const path = [start];
  do path.unshift(from.get(path[0] as string) as string);
  while (path[0] !== start);
  return path;
}
