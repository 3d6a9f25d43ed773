import { TsbuildError } from "../../core/errors.js";
import { redactUrl } from "../../net/errors.js";
import { dockerConfigPath, readDockerConfig } from "../../oci/registry/docker-config.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { programPath } from "../../executor-native/program-path.js";
import { check } from "./check.js";

type Env = Readonly<Record<string, string | undefined>>;

/** Checks everything between here and registries. Sends no request over the network. */
export function networkChecks(env: Env): readonly DoctorCheck[] {
  return [credentials(env), ...proxies(env)];
}

function credentials(env: Env): DoctorCheck {
  const title = "Registry credentials";
  const path = dockerConfigPath(env);
  const controlledBy = [...(path === undefined ? [] : [path]), "DOCKER_CONFIG"];
  try {
    const { auths = {}, credHelpers = {}, credsStore } = readDockerConfig(path);
    const helpers = [...new Set([...Object.values(credHelpers), ...(credsStore ? [credsStore] : [])])].map(
      (name) => `docker-credential-${name}`,
    );
    const absent = helpers.filter((program) => programPath(program, env["PATH"]) === undefined);
    const registries = [...new Set([...Object.keys(auths), ...Object.keys(credHelpers)])];
    const known = registries.length === 0 ? "none kept" : `kept for ${registries.join(", ")}`;
    if (absent.length === 0) {
      return check("credentials", title, {
        found: `${known}${helpers.length > 0 ? `, with ${helpers.join(", ")}` : ""}`,
        controlledBy,
      });
    }
    return check("credentials", title, {
      status: "warning",
      found: `${known}, but ${absent.join(", ")} is not in PATH`,
      controlledBy,
      fix: `Install ${absent.join(", ")}, or remove it from ${path} ("credsStore", "credHelpers") and run tsbuild login`,
    });
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return check("credentials", title, {
      status: "warning",
      found: error.message,
      controlledBy,
      fix: `Correct or remove ${path}, then run tsbuild login`,
    });
  }
}

function proxies(env: Env): readonly DoctorCheck[] {
  return ["HTTPS_PROXY", "HTTP_PROXY"].map((name) => {
    const title = name === "HTTPS_PROXY" ? "Proxy for HTTPS" : "Proxy for HTTP";
    const variable = env[name] === undefined ? name.toLowerCase() : name;
    const id = name.toLowerCase().replace("_", "-");
    const value = env[variable];
    if (!value) return check(id, title, { found: "none", controlledBy: [name] });
    const except = env["NO_PROXY"] ?? env["no_proxy"];
    try {
      const shown = redactUrl(value.includes("://") ? value : `http://${value}`);
      return check(id, title, { found: `${shown}${except ? `, except for ${except}` : ""}`, controlledBy: [variable, "NO_PROXY"] });
    } catch {
      return check(id, title, {
        status: "warning",
        found: "its value is no address",
        controlledBy: [variable],
        fix: `Set ${variable} to http://HOST:PORT`,
      });
    }
  });
}
