import { TsbuildError } from "../../../core/errors.js";

export function badSeed(
  id: string,
  shown: string,
  where: string,
  missing: { readonly hint: string; readonly why: string } | undefined,
): TsbuildError {
  return new TsbuildError(
    "build/cache-mount-from",
    `Cannot begin cache mount "${id}" with "${shown}" of ${where}: ${missing?.why ?? "it is no directory"}`,
    { hint: missing?.hint ?? "Without source= the mount begins with all of what from= names" },
  );
}

export function mountSourceMissing(
  shown: string,
  source: { readonly dest: string; readonly where: string },
  why: string,
  hint: string,
): TsbuildError {
  return new TsbuildError("build/mount-source", `Cannot mount "${shown}" of ${source.where} at "${source.dest}": ${why}`, { hint });
}

export function sourceOfNothing(selector: string, where: string, dest: string): TsbuildError {
  return new TsbuildError("build/mount-source", `Cannot mount "${selector}" of ${where} at "${dest}": there is no such file or directory`, {
    hint: `${where.slice(0, 1).toUpperCase()}${where.slice(1)} is empty`,
  });
}

export function agentNotProvided(id: string): TsbuildError {
  return new TsbuildError("build/ssh-not-found", `Cannot run the step: SSH agent "${id}" is required, but the build was given none`, {
    hint: `Give it: --ssh ${id} for the agent of SSH_AUTH_SOCK, or --ssh ${id}=KEY`,
  });
}
