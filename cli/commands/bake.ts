import { isAddress } from "../../core/text/address.js";
import { checkConsent } from "../bake/consent.js";
import { badVariable, printAndList, remoteDefinition } from "../bake/errors.js";
import { listed } from "../bake/lists.js";
import { runPlan } from "../bake/run-plan.js";
import { readCallText } from "../check/call.js";
import { type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { showWarnings } from "../progress/show-warnings.js";
import { BAKE_SYNTAX } from "../syntax/bake-flags.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(BAKE_SYNTAX, args);
    const list = flags.one("list");
    if (flags.has("print") && list !== undefined) throw printAndList();
    const call = readCallText(flags.one("call") ?? (flags.has("check") ? "check" : "build"));
    const file = await environment.api.readBake({
      files: flags.all("file"),
      stdin: environment.stdin,
      directory: environment.cwd,
      targets: targetNames(flags.operands),
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
    const plan = file.plan();
    if (flags.has("print")) {
      await showWarnings("plain", file.warnings, environment);
      await print(environment.stdout, `${plan.json}\n`);
      return EXIT.success;
    }
    checkConsent(plan.targets, { allow: flags.all("allow"), set: flags.all("set") }, environment);
    return runPlan({ targets: plan.targets, flags, call, warnings: file.warnings }, environment);
  },
};

/** Returns the operands as names. An address in front of them would be a remote definition. */
function targetNames(operands: readonly string[]): readonly string[] {
  const [first] = operands;
  if (first !== undefined && isAddress(first)) throw remoteDefinition(first);
  return operands;
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
