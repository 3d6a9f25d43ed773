import { TsbuildError } from "../../core/errors.js";

export function secretNotText(variable: { readonly id: string; readonly name: string }): TsbuildError {
  return new TsbuildError(
    "build/secret-not-text",
    `Cannot put secret "${variable.id}" into the variable ${variable.name}: it has a zero byte`,
    { hint: `Mount it as a file: --mount=type=secret,id=${variable.id}` },
  );
}

export function secretNotProvided(secret: { readonly id: string }): TsbuildError {
  return new TsbuildError(
    "build/secret-not-found",
    `Cannot run the step: secret "${secret.id}" is required, but the build was given none`,
    {
      hint: `Give it: --secret id=${secret.id},src=FILE or --secret id=${secret.id},env=VARIABLE`,
    },
  );
}
