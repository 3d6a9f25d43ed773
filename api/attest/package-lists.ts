import type { FoundPackage } from "./spdx.js";

/** The distribution of an image, as its /etc/os-release names it. */
export interface Distribution {
  readonly id: string;
  readonly version: string;
}

/** A kind of file that names packages. */
interface PackageList {
  /** Recognizes paths, which are relative to the root. */
  readonly path: RegExp;
  /** Bytes that such a file has at most; a larger one is none. */
  readonly most: number;
  /** Returns the packages that a text names. */
  read(text: string, distribution: Distribution): readonly Omit<FoundPackage, "from">[];
}

const MIB = 2 ** 20;

/** Lists of packages by their paths. The first that recognizes a path reads it. */
const LISTS: readonly PackageList[] = [
  { path: /^var\/lib\/dpkg\/status(?:\.d\/[^/]+(?<!\.md5sums))?$/, most: 64 * MIB, read: readDpkg },
  { path: /^(?:usr\/)?lib\/apk\/db\/installed$/, most: 64 * MIB, read: readApk },
  { path: /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/, most: MIB, read: readNpm },
  { path: /(?:^|\/)[^/]+\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/, most: MIB, read: readPython },
];

export const OS_RELEASES = ["etc/os-release", "usr/lib/os-release"] as const;

/** Returns the kind of list that a file is; undefined for any other. */
export function listAt(path: string, size: number): PackageList | undefined {
  const list = LISTS.find((one) => one.path.test(path));
  return list && size <= list.most ? list : undefined;
}

/** Reads /etc/os-release. A text that is none gives an unknown distribution. */
export function readDistribution(text: string): Distribution {
  const value = (name: string): string => new RegExp(`^${name}=["']?([\\w.-]+)["']?\\s*$`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID") || "linux", version: value("VERSION_ID") };
}

function readDpkg(text: string, { id, version: release }: Distribution): readonly Omit<FoundPackage, "from">[] {
  return paragraphs(text, ":").flatMap((fields) => {
    const { Package: name, Version: version, Architecture: arch, Status: status = "installed" } = fields;
    if (!name || !version || !/\binstalled$/.test(status) || /\bnot-installed$/.test(status)) return [];
    return [{ name, version, purl: purl("deb", [id, name], version, { arch, distro: release && `${id}-${release}` }) }];
  });
}

function readApk(text: string, { id, version: release }: Distribution): readonly Omit<FoundPackage, "from">[] {
  return paragraphs(text, ":").flatMap(({ P: name, V: version, A: arch, L: license }) => {
    if (!name || !version) return [];
    const address = purl("apk", [id, name], version, { arch, distro: release && `${id}-${release}` });
    return [{ name, version, purl: address, ...(license && { license }) }];
  });
}

function readNpm(text: string): readonly Omit<FoundPackage, "from">[] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof manifest !== "object" || manifest === null) return [];
  const { name, version, license } = manifest as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || typeof version !== "string" || name === "" || version === "") return [];
  return [
    { name, version, purl: purl("npm", name.split("/"), version, {}), ...(typeof license === "string" && license !== "" && { license }) },
  ];
}

function readPython(text: string): readonly Omit<FoundPackage, "from">[] {
  const [{ Name: name, Version: version, License: license } = {}] = paragraphs(text, ":");
  if (!name || !version) return [];
  const known = name.toLowerCase().replaceAll("_", "-");
  return [{ name, version, purl: purl("pypi", [known], version, {}), ...(license && license.length < 200 && { license }) }];
}

/** Returns the paragraphs of a text of `Name: value` lines. Leaves out any other line. */
function paragraphs(text: string, separator: string): readonly Readonly<Record<string, string>>[] {
  return text.split(/\r?\n\r?\n/).map((paragraph) => {
    const fields = paragraph.split(/\r?\n/).flatMap((line): readonly (readonly [string, string])[] => {
      const at = line.indexOf(separator);
      return at <= 0 || /^\s/.test(line) ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]];
    });
    return Object.fromEntries(fields);
  });
}

function purl(type: string, path: readonly string[], version: string, qualifiers: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(qualifiers).flatMap(([name, value]) => (value ? [`${name}=${encodeURIComponent(value)}`] : []));
  const name = path.map((part) => encodeURIComponent(part)).join("/");
  return `pkg:${type}/${name}@${encodeURIComponent(version)}${given.length > 0 ? `?${given.join("&")}` : ""}`;
}
