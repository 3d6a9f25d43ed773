// The licenses of packages whose code is in what we publish.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Bundled, although no user installs it: see scripts/build.mjs. */
const ALSO = "@aws-sdk/credential-provider-node";

/**
 * Returns their texts, of `names` or of everything that package.json depends on and what that
 * needs.
 */
export function licensesOf(root, names) {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const wanted = names?.map((name) => `node_modules/${name}`) ?? [
    ...reached(packages, [...Object.keys(packages[""].dependencies).map((name) => `node_modules/${name}`), `node_modules/${ALSO}`]),
  ];
  return wanted
    .toSorted()
    .filter((path) => existsSync(join(root, path)))
    .map((path) => section(root, path, packages[path]))
    .join(`\n${"-".repeat(80)}\n\n`);
}

function section(root, path, { version, license }) {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const file = readdirSync(join(root, path)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  const text = file === undefined ? "" : `\n${readFileSync(join(root, path, file), "utf8").trim()}\n`;
  return `${name} ${version}: ${license ?? "see its text"}\n${text}`;
}

/**
 * Returns every package that these need, by its path in the lock file, where a package finds the
 * nearest one of a name.
 */
function reached(packages, first) {
  const seen = new Set();
  const queue = [...first];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (seen.has(path) || !packages[path]) continue;
    seen.add(path);
    for (const name of Object.keys(packages[path].dependencies ?? {})) queue.push(nearest(packages, path, name));
  }
  return seen;
}

function nearest(packages, from, name) {
  for (let at = from; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    if (packages[`${at}/node_modules/${name}`]) return `${at}/node_modules/${name}`;
  }
  return `node_modules/${name}`;
}
