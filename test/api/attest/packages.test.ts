import test from "ava";
import { scanPackages } from "../../../api/attest/scan-packages.js";
import { spdxDocument } from "../../../api/attest/spdx.js";
import { exportContext, testImage, testLayer, type TestEntry } from "../../support/images/images.js";
import { rig } from "../../exporters/export-rig.js";

const OS = { name: "etc/os-release", text: 'ID=debian\nVERSION_ID="12"\n' };

/** Files of an image, and the packages that they name. */
const LISTS: Readonly<Record<string, readonly [files: readonly TestEntry[], purls: readonly string[]]>> = {
  dpkg: [
    [
      OS,
      {
        name: "var/lib/dpkg/status",
        text:
          "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u4\nDescription: x\n Package: no\n\n" +
          "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: never\nStatus: unknown ok not-installed\nVersion: 1\n",
      },
      { name: "var/lib/dpkg/status.d/base", text: "Package: base-files\nVersion: 12.4\nArchitecture: all\n" },
      { name: "var/lib/dpkg/status.d/base.md5sums", text: "Package: sums\nVersion: 1\n" },
    ],
    ["pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12", "pkg:deb/debian/base-files@12.4?arch=all&distro=debian-12"],
  ],
  apk: [
    [{ name: "lib/apk/db/installed", text: "C:x\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\n\nP:half\n" }],
    ["pkg:apk/linux/musl@1.2.4-r2?arch=x86_64"],
  ],
  npm: [
    [
      { name: "app/package.json", text: '{"name":"app","version":"1.0.0"}' },
      { name: "app/node_modules/left/package.json", text: '{"name":"left","version":"1.2.3","license":"MIT"}' },
      { name: "app/node_modules/@a/b/package.json", text: '{"name":"@a/b","version":"2.0.0"}' },
      { name: "app/node_modules/left/lib/package.json", text: '{"name":"inner","version":"1"}' },
      { name: "app/node_modules/bad/package.json", text: "{" },
      { name: "app/node_modules/odd/package.json", text: '{"name":{},"version":7}' },
    ],
    ["pkg:npm/left@1.2.3", "pkg:npm/%40a/b@2.0.0"],
  ],
  pip: [
    [
      {
        name: "usr/lib/python3/site-packages/Odd_Name-1.dist-info/METADATA",
        text: "Metadata-Version: 2.1\nName: Odd_Name\nVersion: 1.0\n\nText\n",
      },
    ],
    ["pkg:pypi/odd-name@1.0"],
  ],
  "nothing of a deleted list": [[{ name: "lib/apk/db/.wh.installed", text: "" }], []],
};

for (const [name, [files, purls]] of Object.entries(LISTS)) {
  test(`the packages of an image: ${name}`, async (t) => {
    const { store } = rig(t);
    const below = testLayer(store, [{ name: "srv", type: "dir" }]);
    const found = await scanPackages(testImage([below, testLayer(store, files)]), exportContext(store));
    t.deepEqual(found.map(({ purl }) => purl).sort(), [...purls].sort());
  });
}

test("the document of the same packages is the same, in any order", (t) => {
  const packages = ["b", "a"].map((name) => ({ name, version: "1", purl: `pkg:npm/${name}@1`, from: "x" }));
  const at = { created: new Date(0), tool: "x-1" };
  const document = spdxDocument("app", packages, at);
  t.deepEqual(document, spdxDocument("app", [...packages].reverse(), at));
  t.deepEqual(
    (document["packages"] as readonly { SPDXID: string; versionInfo?: string }[]).map(({ SPDXID, versionInfo }) => [SPDXID, versionInfo]),
    [
      ["SPDXRef-DocumentRoot-image", undefined],
      ["SPDXRef-Package-1", "1"],
      ["SPDXRef-Package-2", "1"],
    ],
  );
  t.is((document["relationships"] as readonly unknown[]).length, 3);
});
