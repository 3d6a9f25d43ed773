import test from "ava";
import { NearestHits } from "../../../solver/engine/nearest-hits.js";
import { buildGraph, type Node } from "../../../solver/engine/graph.js";
import type { EngineVertex } from "../../../solver/engine/op.js";
import { Ops } from "./fakes.js";

test("the nearest vertex that was found covers, the first of several that are as near", (t) => {
  const ops = new Ops();
  const a = ops.vertex("a");
  const far = ops.vertex("far", { inputs: [ops.vertex("between", { inputs: [a] })] });
  const near = ops.vertex("near", { inputs: [a] });
  const other = ops.vertex("other", { inputs: [a] });
  const alone = ops.vertex("alone");
  const { nodes } = buildGraph<string>([far, near, other, alone]);
  const named = (name: string) => nodes.find(({ vertex }) => vertex.name === name) as Node<string>;
  const nearestHits = (...hits: string[]) => new NearestHits(nodes, new Set(hits.map(named)));
  t.is(nearestHits("far", "near", "other").vertexOf(named("a"))?.name, "near");
  t.is(nearestHits("far", "other").vertexOf(named("a"))?.name, "other");
  t.is(nearestHits("far").vertexOf(named("a"))?.name, "far");
  t.is(nearestHits("far").vertexOf(named("between"))?.name, "far");
  t.is(nearestHits("far").vertexOf(named("alone")), undefined);
});

test("all vertices of a long chain are covered in one go through the graph", (t) => {
  const ops = new Ops();
  const count = 1000;
  let top: EngineVertex<string> = ops.vertex("0");
  for (let i = 1; i < count; i++) top = ops.vertex(String(i), { inputs: [top] });
  let visits = 0;
  const nodes = buildGraph([top]).nodes.map((node) => {
    const { users } = node;
    return Object.defineProperty(node, "users", { get: () => (visits++, users) });
  });
  const nearestHits = new NearestHits(nodes, new Set(nodes.slice(-1)));
  for (const node of nodes.slice(0, -1)) t.is(nearestHits.vertexOf(node)?.name, String(count - 1));
  t.is(visits, count);
});
