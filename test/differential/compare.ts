import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../core/package-root.js";
import type { ComparedImage } from "./image.js";

/** Outcome of a build: an image, or the reason of a refusal. */
export type Outcome = { readonly kind: "image"; readonly image: ComparedImage } | { readonly kind: "refused"; readonly message: string };

/** Returns every difference between two outcomes, a line each: `config.Env: ours … peer …`. */
export function differences(ours: Outcome, peer: Outcome): readonly string[] {
  if (ours.kind === "refused" || peer.kind === "refused") {
    if (ours.kind === peer.kind) return [];
    return [`outcome: ours ${summary(ours)} · peer ${summary(peer)}`];
  }
  return [
    ...configDifferences(ours.image.config, peer.image.config, "config"),
    ...historyDifferences(ours.image.history, peer.image.history),
    ...treeDifferences(ours.image.tree, peer.image.tree),
  ];
}

function summary(outcome: Outcome): string {
  return outcome.kind === "image" ? "an image" : `refuses: ${outcome.message}`;
}

function configDifferences(ours: unknown, peer: unknown, path: string): string[] {
  if (isRecord(ours) && isRecord(peer)) {
    const names = [...new Set([...Object.keys(ours), ...Object.keys(peer)])].sort();
    return names.flatMap((name) => configDifferences(ours[name], peer[name], `${path}.${name}`));
  }
  const [a, b] = [JSON.stringify(ours), JSON.stringify(peer)];
  return a === b ? [] : [`${path}: ours ${a} · peer ${b}`];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function historyDifferences(ours: readonly string[], peer: readonly string[]): string[] {
  const length = Math.max(ours.length, peer.length);
  return Array.from({ length }, (_, i) => i).flatMap((i) =>
    ours[i] === peer[i] ? [] : [`history ${i}: ours ${JSON.stringify(ours[i])} · peer ${JSON.stringify(peer[i])}`],
  );
}

function treeDifferences(ours: ReadonlyMap<string, string>, peer: ReadonlyMap<string, string>): string[] {
  const paths = [...new Set([...ours.keys(), ...peer.keys()])].sort();
  return paths.flatMap((path) => {
    const [a, b] = [ours.get(path), peer.get(path)];
    return a === b ? [] : [`tree ${path}: ours ${a ?? "nothing"} · peer ${b ?? "nothing"}`];
  });
}

/** A difference that is meant, or that the peer at hand is too old for. */
export interface Explained {
  /** A case's name; `*` for all. */
  readonly case: string;
  /** A RegExp that the difference's line matches. */
  readonly difference: string;
  readonly why: string;
}

export function readExplained(): readonly Explained[] {
  return JSON.parse(readFileSync(join(packageRoot(), "test", "differential", "explained.json"), "utf8")) as Explained[];
}

export function explanation(explained: readonly Explained[], name: string, difference: string): Explained | undefined {
  return explained.find((entry) => (entry.case === "*" || entry.case === name) && new RegExp(entry.difference).test(difference));
}
