import { TsbuildError, UsageError } from "../../core/errors.js";

export function engineNotThere(engine: string, where: string, why: string): TsbuildError {
  return new TsbuildError("cli/engine", `Cannot load into ${engine}: it does not answer at ${where} (${why})`, {
    hint: `--load=store keeps the result in tsbuild's own store; "tsbuild save IMAGE | ${engine} load" hands it on later`,
  });
}

export function engineFailed(engine: string, why: string): TsbuildError {
  return new TsbuildError("cli/engine", `Cannot load into ${engine}: ${why}`);
}

export function noSuchHost(host: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot load into docker at "${host}": only sockets of this machine are spoken to`, {
    hint: "tsbuild save IMAGE | docker load hands it on by docker's own client",
  });
}
