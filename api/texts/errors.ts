import { UsageError } from "../../core/errors.js";

/** Messages about texts that stand for options, one function each. */

/**
 * Returns the error for a flag or value of the contract that this version lacks. Such a flag is
 * reported, never ignored.
 */
export function notSupported(what: string, hint?: string): UsageError {
  return new UsageError("cli/not-supported", `Cannot use ${what}: it is not supported yet`, hint === undefined ? {} : { hint });
}

export function noSuchEntitlement(entry: string, names: readonly string[], near: string | undefined): UsageError {
  return new UsageError(
    "cli/bad-value",
    `Cannot allow "${entry}": it is none of ${names.join(", ")}`,
    near === undefined ? {} : { hint: `Did you mean "${near}"?` },
  );
}

export function badSize(text: string, what: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read "${text}" for ${what}: expected a size such as 64m or 1g, below 8p`);
}

export function badCache(shown: string, found: unknown, hint: string | undefined, flagName: string): UsageError {
  return new UsageError("cli/cache", `Cannot read --${flagName} "${shown}": ${found}`, hint ? { hint } : {});
}

export function badCsv(what: string, problem: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read ${what}: ${problem}`, {
    hint: 'a value that holds a comma or a quote is written "key=value, with ""quotes"" doubled"',
  });
}

export function twoOutputsToStdout(): UsageError {
  return new UsageError("cli/outputs", "Cannot write two outputs to the standard output: give all but one a dest");
}

export function emptyOutput(): UsageError {
  return new UsageError("cli/outputs", `Cannot read an empty --output`, { hint: "for example: -o type=oci,dest=image.tar" });
}

export function outputWithoutKey(field: string, text: string): UsageError {
  return new UsageError("cli/outputs", `Cannot read "${field}" in --output "${text}": expected key=value`);
}

export function outputWithoutType(text: string, types: readonly string[]): UsageError {
  return new UsageError("cli/outputs", `Cannot read --output "${text}": it has no type`, { hint: `type is one of ${types.join(", ")}` });
}

export function noSuchOutput(type: string, types: readonly string[], near: string | undefined): UsageError {
  return new UsageError(
    "cli/outputs",
    `Cannot use output type "${type}": it is none of ${types.join(", ")}`,
    near ? { hint: `did you mean type=${near}?` } : {},
  );
}

export function noSuchAttribute(key: string, type: string, takes: string, near: string | undefined): UsageError {
  return new UsageError(
    "cli/outputs",
    `Cannot use "${key}" with output type "${type}": ${takes}`,
    near ? { hint: `did you mean ${near}?` } : {},
  );
}

export function noLayoutDirectory(text: string, directoryWithout: string | undefined, key: string): UsageError {
  return new UsageError("cli/outputs", `Cannot write --output "${text}": ${directoryWithout}=false needs ${key}=DIRECTORY`);
}

export function noDirectory(text: string, type: string, key: string): UsageError {
  return new UsageError("cli/outputs", `Cannot write --output "${text}": type=${type} needs ${key}=DIRECTORY`);
}

export function badOutputChoice(key: string, value: unknown, choices: readonly (string | number)[]): UsageError {
  return new UsageError("cli/outputs", `Cannot use ${key} "${value}" in --output: it is none of ${choices.join(", ")}`);
}

export function badOutputNumber(key: string, value: unknown): UsageError {
  return new UsageError("cli/outputs", `Cannot read ${key} "${value}": expected a number`);
}

export function badOutputFlag(key: string, value: unknown, text: string): UsageError {
  return new UsageError("cli/outputs", `Cannot read ${key}=${value} in --output "${text}": expected true or false`);
}

export function outputToTerminal(text: string): UsageError {
  return new UsageError("cli/outputs", `Cannot write --output "${text}" to a terminal`, {
    hint: "add dest=FILE, or redirect the standard output",
  });
}

export function badSecret(text: string, why: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read --secret "${text}": ${why}`);
}

export function badSsh(text: string, why: string, hint: string | undefined): UsageError {
  return new UsageError("cli/bad-value", `Cannot read --ssh "${text}": ${why}`, hint === undefined ? {} : { hint });
}

export function attributeMissing(text: string, type: string, key: string): UsageError {
  return new UsageError("cli/outputs", `Cannot read --output "${text}": type=${type} needs ${key}=…`);
}

export function badPair(name: string, text: string, form: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read --${name} "${text}": expected ${form}`);
}

export function emptyPlatform(): UsageError {
  return new UsageError("cli/bad-value", 'Cannot read --platform "": expected os/arch, such as linux/arm64');
}

export function noStandardOutput(text: string): UsageError {
  return new UsageError("cli/outputs", `Cannot write --output "${text}" to the standard output: there is none`, { hint: "add dest=FILE" });
}

export function badAttestation(shown: string, why: string, hint?: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read ${shown}: ${why}`, hint === undefined ? {} : { hint });
}

export function badPort(text: string, why: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot publish "${text}": ${why}`, {
    hint: "Expected [IP:][HOST:]PORT[/tcp|udp], such as 8080:80, 127.0.0.1::80 or 53:53/udp",
  });
}

export function badServiceText(text: string, why: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read --service "${text}": ${why}`, {
    hint: "For example --service db=postgres:16,env.POSTGRES_PASSWORD=secret",
  });
}
