import { UsageError } from "../exit-codes.js";

export function badLast(last: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot use "${last}" for --last: expected a number`);
}

export function whichBuilds(): UsageError {
  return new UsageError("cli/operands", `Cannot tell which builds to remove: name them, or say --all or --filter, and not both`);
}

export function badAge(value: unknown): UsageError {
  return new UsageError("cli/filter", `Cannot read the age "${value}": expected for example 24h or 7d`);
}

export function nothingToWrite(): UsageError {
  return new UsageError("cli/bad-value", "Cannot fix what comes from the standard input: there is no file to write", {
    hint: "name the Dockerfile with -f, or its directory",
  });
}

export function badFormat(format: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot use "${format}" for --format: it is none of text, json`);
}

export function noBuildNamed(): UsageError {
  return new UsageError("cli/bad-value", "Cannot explain a build without a name");
}

export function noImageFilter(text: string): UsageError {
  return new UsageError("cli/filter", `Cannot filter by "${text}": it is not a filter of images`, {
    hint: "filters are until=24h, label=KEY[=VALUE], label!=KEY[=VALUE], dangling=true|false",
  });
}

export function badPattern(pattern: string): UsageError {
  return new UsageError("cli/filter", `Cannot read the pattern "${pattern}"`);
}

export function archiveFromTerminal(): UsageError {
  return new UsageError("cli/terminal", "Cannot read an archive from a terminal", { hint: "use -i FILE, or pipe one in" });
}

export function twoPasswords(): UsageError {
  return new UsageError("cli/usage", "Cannot combine --password with --password-stdin");
}

export function stdinWithoutUser(): UsageError {
  return new UsageError("cli/usage", "Cannot use --password-stdin without --username");
}

export function noTerminal(needed: string): UsageError {
  return new UsageError("cli/terminal", `Cannot ask for ${needed}: the standard input is no terminal`, {
    hint: "use --username USER --password-stdin",
  });
}

export function noUserName(): UsageError {
  return new UsageError("cli/usage", "Cannot log in without a user name");
}

export function noPassword(): UsageError {
  return new UsageError("cli/usage", "Cannot log in without a password");
}

export function archiveToTerminal(): UsageError {
  return new UsageError("cli/terminal", "Cannot write an archive to a terminal", {
    hint: "use -o FILE, or redirect the standard output",
  });
}

export function severalGraphs(platforms: readonly string[]): UsageError {
  return new UsageError("cli/bad-value", `Cannot write one definition for ${platforms.join(" and ")}: each platform has its own`, {
    hint: "choose one with --platform",
  });
}

export function tlsIncomplete(): UsageError {
  return new UsageError("cli/usage", "Cannot serve TLS with a part of its files: --tlscert, --tlskey and --tlscacert belong together");
}
