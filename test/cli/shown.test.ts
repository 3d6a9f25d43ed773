import { readFileSync } from "node:fs";
import test from "ava";
import { COMMANDS } from "../../cli/commands-table.js";
import { golden } from "../support/golden.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { storedImage } from "../support/rigs/fake-library.js";

for (const name of [undefined, ...Object.keys(COMMANDS)]) {
  test(`help fits a terminal of 80 columns: ${name ?? "tsbuild"}`, async (t) => {
    const { code, stdout } = await runRig([...(name === undefined ? [] : [name]), "--help"]);
    t.is(code, 0);
    t.deepEqual(
      stdout.split("\n").filter((line) => line.length > 80),
      [],
    );
  });
}

const images = [
  storedImage("app", { names: ["docker.io/library/app:latest", "localhost:5000/team/app:1"] }),
  storedImage("old", { created: "2025-01-01T00:00:00Z", size: 999 }),
  storedImage("nameless", { names: [], created: undefined, size: 1_234_567_890 }),
];

const SHOWN: readonly string[] = [
  "--help",
  "build --help",
  "bake --help",
  "run --help",
  "debug --help",
  "debug llb --help",
  "dap --help",
  "images",
  "images --digests --no-trunc",
  "images -q",
  "images app",
  "images */team/*:1",
  "images --filter dangling=true",
  "images --filter before=app",
  "images --filter label=team=blue -q",
  "images --format json",
  "images --format table|{{.Repository}}:{{.Tag}}\\t{{.Size}}",
  "images --format {{.ID}}|{{.CreatedAt}}",
  "image ls",
  "images --tree",
  "images --filter until=1h --format {{.Repository}}|{{.SharedSize}}|{{.Containers}}",
  "version --format {{.Server.Version}}|{{printf|`%s`|.Client.Os}}",
  "buildx version",
  "-D --log-level=info image ls -q",
  "inspect app",
  "inspect missing app",
  'inspect --format {{.Id}}|{{json|.Config.Env}}|{{index|.Config.Labels|"team"}}|{{range|.Config.Env}}<{{.}}>{{else}}none{{end}}|{{.Nope}} app',
  "inspect --format json app",
  "history app",
  "history --no-trunc --human=false --format {{.CreatedBy}}|{{.Size}} app",
  "history -q app",
  "rmi app missing",
  "rmi -f missing",
  "tag app other:1",
  "tag missing other:1",
  "save app old",
  "load",
  "load -q",
];

test("what the image commands print", async (t) => {
  for (const line of SHOWN) {
    const argv = line.split(" ").map((arg) => arg.replaceAll("|", " "));
    const run = await runRig(argv, { images, stdin: "archive" });
    const name = line.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");
    golden(
      t,
      `cli/shown/${name}.txt`,
      `$ tsbuild ${argv.join(" ")}\n${run.stdout}${run.stderr ? `--- standard error\n${run.stderr}` : ""}--- exit ${run.code}\n`,
    );
  }
});

test("--version", async (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
  t.is((await runRig(["--version"])).stdout, `tsbuild ${version}\n`);
});
