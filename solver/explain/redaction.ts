import { type Canonical, canonicalJson } from "../../core/canonical.js";
import { sha256 } from "../../core/digest.js";
import type { KeyComponents } from "../engine/op.js";

/** Prefix of the replacement of a redacted value. */
const REDACTED = "\0veiled ";

export function isRedacted(value: string | undefined): boolean {
  return value?.startsWith(REDACTED) ?? false;
}

/**
 * Redacts components for export with a cache. Digests replace values of environment variables and
 * build arguments, contents of inline files, and identities that are no operation of ours (URLs,
 * repositories). The names stay. Redacted components are compared with redacted ones. Redacting
 * them again changes nothing.
 */
export function redact(components: KeyComponents): KeyComponents {
  return { ...components, identity: redactIdentity(components.identity) };
}

interface Redactable {
  readonly op?: {
    readonly kind?: string;
    readonly env?: readonly string[];
    readonly actions?: readonly (Readonly<Record<string, Canonical>> & { readonly data?: string; readonly path?: string })[];
  };
}

function redactIdentity(identity: string): string {
  if (identity === "" || isRedacted(identity)) return identity;
  const value = parse(identity);
  const { op } = value ?? {};
  if (op?.kind === "exec" && op.env) {
    const env = op.env.map((entry) => {
      const at = entry.indexOf("=") + 1;
      return `${entry.slice(0, at)}${redactValue(entry.slice(at), entry.slice(0, at))}`;
    });
    return canonicalJson({ ...value, op: { ...op, env } });
  }
  if (op?.kind === "file" && op.actions) {
    const actions = op.actions.map((action) =>
      action.data === undefined ? action : { ...action, data: redactValue(action.data, action.path ?? "") },
    );
    return canonicalJson({ ...value, op: { ...op, actions } });
  }
  return redactValue(identity, "");
}

function redactValue(value: string, name: string): string {
  return isRedacted(value) ? value : REDACTED + sha256(`${name}\0${value}`).slice("sha256:".length, "sha256:".length + 16);
}

function parse(identity: string): Redactable | undefined {
  try {
    const value = JSON.parse(identity) as Redactable | null;
    return value ?? undefined;
  } catch {
    return undefined;
  }
}
