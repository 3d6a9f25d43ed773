import type { BakeOptions } from "../../api/bake/bake-options.js";
import { isAddress } from "../../core/text/address.js";
import { askConsent } from "../bake/consent.js";
import { badVariable, printAndList } from "../bake/errors.js";
import { listed } from "../bake/lists.js";
import { runPlan } from "../bake/run-plan.js";
import { readCallText } from "../check/call.js";
import { type Command, print, storeRoot } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { showWarnings } from "../progress/show-warnings.js";
import { BAKE_SYNTAX } from "../syntax/bake-flags.js";
import { unusedBuilder } from "../syntax/docker-flags.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";
import { readOnError } from "./on-error.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(BAKE_SYNTAX, args);
    const list = flags.one("list");
    if (flags.has("print") && list !== undefined) throw printAndList();
    const onError = readOnError(flags.one("on-error"), environment);
    const call = readCallText(flags.one("call") ?? (flags.has("check") ? "check" : "build"));
    const file = await environment.api.readBake({
      files: flags.all("file"),
      stdin: environment.stdin,
      directory: environment.cwd,
      ...definition(flags.operands),
      ...storeRoot(environment, flags.one("root")),
      signal: environment.signal,
      set: flags.all("set"),
      variables: variables(flags.all("var")),
      push: flags.has("push"),
      load: flags.has("load"),
      ...(flags.has("no-cache") ? { noCache: true } : {}),
      ...(flags.has("pull") ? { pull: true } : {}),
      ...textFlag(flags, "provenance"),
      ...textFlag(flags, "sbom"),
      ...(call.method === "build" ? {} : { call: call.method }),
      env: environment.env,
    });
    if (list !== undefined) {
      await print(environment.stdout, listed(list, file));
      return EXIT.success;
    }
    const consent = { allow: flags.all("allow"), set: flags.all("set"), read: file.foundFiles };
    const plan = file.plan();
    if (flags.has("print")) {
      await askConsent([], consent, environment);
      await showWarnings("plain", file.warnings, environment);
      await print(environment.stdout, `${plan.json}\n`);
      return EXIT.success;
    }
    await askConsent(plan.targets, consent, environment);
    const warnings = [...unusedBuilder(flags, "tsbuild bake", environment), ...file.warnings];
    return runPlan({ targets: plan.targets, flags, call, warnings, onError }, environment);
  },
};

/**
 * Returns the targets, and the addresses that stand before them: of the definition, and of what
 * `BAKE_CMD_CONTEXT` is.
 */
function definition(operands: readonly string[]): Pick<BakeOptions, "remote" | "commandContext" | "targets"> {
  const [first = "", second = "", ...rest] = operands;
  if (!isAddress(first)) return { targets: operands };
  return isAddress(second) ? { remote: first, commandContext: second, targets: rest } : { remote: first, targets: operands.slice(1) };
}

function variables(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.filter(Boolean).map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw badVariable(text);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function textFlag<Name extends string>(flags: ParsedFlags, name: Name): { readonly [N in Name]?: string } {
  const value = flags.one(name);
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]: string });
}
