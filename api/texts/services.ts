import type { HealthOptions, ServiceOptions } from "../options/services/types.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { setMember } from "../../core/set-member.js";
import { csvPairs } from "./csv.js";
import { badServiceText } from "./errors.js";
import type { Surroundings } from "./surroundings.js";

/** Keys besides `env.NAME` and those of the health check, in the order of the message. */
const KEYS = "name, image, env.NAME, command, entrypoint, user, workdir, health-cmd, health-interval, …, wait, timeout, key";

/** Members of a health check, by the ends of docker's flags. */
const HEALTH: Readonly<Record<string, keyof HealthOptions>> = {
  cmd: "command",
  interval: "interval",
  timeout: "timeout",
  "start-period": "startPeriod",
  "start-interval": "startInterval",
  retries: "retries",
};

type Written<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads `--service`: `NAME=IMAGE`, or `name=NAME,image=IMAGE`, and other keys behind either. A
 * variable without a value is taken from the environment.
 */
export function parseServices(texts: readonly string[], surroundings: Pick<Surroundings, "env">): Record<string, ServiceOptions> {
  const services: Record<string, ServiceOptions> = {};
  for (const text of texts) {
    const [name, service] = parseService(text, surroundings);
    if (Object.hasOwn(services, name)) throw badServiceText(text, `there are two services "${name}"`);
    setMember(services, name, service);
  }
  return services;
}

function parseService(text: string, { env: own }: Pick<Surroundings, "env">): [name: string, service: ServiceOptions] {
  const pairs = csvPairs(text, `--service "${text}"`);
  const [first] = pairs;
  const isShort = first !== undefined && !["name", "image"].includes(first.key) && !first.key.startsWith("env.");
  let name = isShort ? first.field.slice(0, first.field.indexOf("=")) : "";
  const service: Written<Partial<ServiceOptions>> = {};
  const env: Record<string, string> = {};
  const health: Record<string, unknown> = {};
  if (isShort && first.value) service.image = first.value;
  for (const { key, value, field } of isShort ? pairs.slice(1) : pairs) {
    const variable = /^env\.([^=]+)/i.exec(field)?.[1];
    if (variable !== undefined) {
      const given = value ?? own[variable];
      if (given !== undefined) setMember(env, variable, given);
      continue;
    }
    if (value === undefined) throw badServiceText(text, `"${field}" is not of the form key=value`);
    const check = key.startsWith("health-") ? HEALTH[key.slice("health-".length)] : undefined;
    if (check) health[check] = check === "retries" ? Number(value) : check === "command" && value === "none" ? false : value;
    else if (key === "name") name = value;
    else if (key === "command") service.command = value.split(" ").filter((word) => word !== "");
    else if (key === "image" || key === "entrypoint" || key === "user" || key === "workdir" || key === "timeout") service[key] = value;
    else if (key === "wait" || key === "key") service[key === "key" ? "inKeys" : "wait"] = flag(text, key, value);
    else throw badServiceText(text, `there is no key "${key}"; expected ${KEYS}`);
  }
  const { image } = service;
  if (name === "" || !image) throw badServiceText(text, name === "" ? "it has no name" : "it has no image");
  return [
    name,
    {
      ...service,
      image,
      ...(Object.keys(env).length > 0 && { env }),
      ...(Object.keys(health).length > 0 && { health }),
    },
  ];
}

function flag(text: string, key: string, value: string): boolean {
  const read = parseBoolean(value);
  if (read === undefined) throw badServiceText(text, `"${value}" of ${key} is neither true nor false`);
  return read;
}
