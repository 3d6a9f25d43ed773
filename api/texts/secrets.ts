import { badSecret } from "./errors.js";
import type { SecretSource } from "../options/options.js";
import { csvPairs } from "./csv.js";
import { hostPath, type Surroundings } from "./surroundings.js";

/**
 * Reads `--secret` as docker does: `id=NAME,src=FILE` or `id=NAME,env=VARIABLE`. The id alone means
 * the variable of that name, else the file of that name. `type=env` turns `src` into a variable's
 * name.
 */
export function parseSecrets(texts: readonly string[], surroundings: Surroundings): Record<string, SecretSource> {
  return Object.fromEntries(texts.map((text) => parseSecret(text, surroundings)));
}

function parseSecret(text: string, surroundings: Surroundings): [id: string, source: SecretSource] {
  const fail = (why: string): never => {
    throw badSecret(text, why);
  };
  let id = "";
  let type = "";
  let src: string | undefined;
  let env: string | undefined;
  for (const { key, value, field } of csvPairs(text, `--secret "${text}"`)) {
    if (value === undefined) return fail(`"${field}" is not of the form key=value`);
    switch (key) {
      case "id":
        id = value;
        break;
      case "type":
        if (value !== "file" && value !== "env") return fail(`type "${value}" is neither file nor env`);
        type = value;
        break;
      case "src":
      case "source":
        src = value;
        break;
      case "env":
        env = value;
        break;
      default:
        return fail(`there is no key "${key}"; expected id, src, env or type`);
    }
  }
  if (type === "env" && src !== undefined) {
    env = src;
    src = undefined;
  }
  if (id === "") return fail("it has no id, for example id=token,src=token.txt");
  if (src !== undefined && env !== undefined) return fail("it has a src and an env");
  if (env === undefined && src === undefined && type !== "file" && surroundings.env[id] !== undefined) env = id;
  if (env !== undefined || type === "env") return [id, { env: env ?? id }];
  return [id, { src: hostPath(surroundings, src ?? id) }];
}
