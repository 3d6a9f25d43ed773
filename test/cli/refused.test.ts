import test from "ava";
import { commandName } from "../../cli/commands-table.js";
import { golden } from "../support/golden.js";
import { runRig } from "../support/rigs/cli-rig.js";
import type { CliRigOptions } from "../support/rigs/fake-library.js";

/** Command lines that are refused: golden texts hold what the user sees. */
const REFUSED: Readonly<Record<string, readonly [string, number, CliRigOptions?]>> = {
  "unknown-flag": ["--tagg app .", 2],
  "unknown-flag-far": ["--frobnicate .", 2],
  "missing-value": [". --tag", 2],
  "two-contexts": [". other", 2],
  "no-context": ["build", 2],
  "two-standard-inputs": ["--llb - -", 2],
  "definition-missing": ["--llb /nowhere/app.llb .", 2],
  "unknown-command": ["imagse", 2],
  "bad-progress": ["--progress fancy .", 2],
  "bad-progress-env": [".", 2, { env: { BUILDKIT_PROGRESS: "fancy" } }],
  "quiet-and-progress": ["-q --progress plain .", 2],
  "bad-switch": ["--quiet=maybe .", 2],
  "bad-pull": ["--pull=maybe .", 2],
  "empty-platform": ["--platform= .", 2],
  "empty-label": ["--label= .", 2],
  "empty-shm-size": ["--shm-size= .", 2],
  "huge-shm-size": ["--shm-size 99999999999999999999 .", 2],
  "huge-shm-size-unit": ["--shm-size 9007199254740992k .", 2],
  "bad-network": ["--network bridge .", 2],
  "bad-shm-size": ["--shm-size much .", 2],
  "bad-jobs": ["--jobs 0 .", 2],
  "bad-build-arg": ["--build-arg =x .", 2],
  "bad-build-context": ["--build-context base .", 2],
  "output-type": ["-o type=ocii,dest=x .", 2],
  "output-no-type": ["-o dest=x .", 2],
  "output-attribute": ["-o type=oci,dset=x .", 2],
  "output-field": ["-o type=oci,x .", 2],
  "output-two-stdout": ["-o - -o type=oci,dest=- .", 2],
  "output-terminal": ["-o - .", 2, { tty: true, env: { NO_COLOR: "1" } }],
  "output-unsupported": ["-o type=oci,dest=x,attestation-inline=true .", 2],
  "output-boolean": ["-o type=image,push=yes .", 2],
  "output-none": ["-o type=local,dest=x,push=true .", 2],
  "local-no-dest": ["-o type=local .", 2],
  "secret-key": ["--secret id=a,file=b .", 2],
  "secret-no-id": ["--secret src=b .", 2],
  "secret-open-quote": ['--secret id=a,"src=b .', 2],
  "cache-quote": ['--cache-to type=s3,bucket="b,session_token=x .', 2],
  ssh: ["--ssh default .", 2],
  "ssh-no-id": ["--ssh =key .", 2],
  "cache-to": ["--cache-to type=locla,dest=x .", 2],
  call: ["--call otline .", 2],
  "call-format": ["--call check,format=xml .", 2],
  "call-check": ["--check --call outline .", 2],
  provenance: ["--provenance mode=all .", 2],
  "attest-type": ["--attest type=sbm .", 2],
  allow: ["--allow network.hots .", 2],
  "allow-device": ["--allow device=vendor.com/device,alias=gpu .", 2],
  "two-stdins": ["-f - -", 2],
  "inspect-template": ["inspect --format {{.Id|nope}} app", 2],
  "images-filter": ["images --filter colour=red", 2],
  "images-filter-near": ["images --filter lable=red", 2],
  "images-filter-value": ["images --filter dangling", 2],
  "builds-filter": ["builds --filter foo=bar", 2],
  "docker-run": ["run --rm -it alpine sh", 2],
  "docker-compose": ["compose up", 2],
  "docker-create": ["buildx create --use", 2],
  "docker-history": ["buildx history open", 2],
  "docker-attachment": ["buildx history inspect attachment a", 2],
  "docker-system": ["system info", 2],
  "docker-image": ["image mount x", 2],
  "docker-search": ["search alpine", 2],
  "images-field": ["images --format {{.Nmae}}", 2],
};

for (const [name, [line, code, rig]] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, async (t) => {
    const run = await runRig(line.split(" "), rig);
    t.is(run.code, code, run.stderr);
    t.is(run.stdout, "");
    t.deepEqual(run.builds, []);
    golden(t, `cli/refused/${name}.txt`, `$ tsbuild ${line}\n${run.stderr}`);
  });
}

/** Commands in the help of docker, of its plugins and of buildx. */
const DOCKER_COMMANDS =
  "attach bake build builder buildx checkpoint commit compose config container context cp create debug desktop diff events exec export history image images import info init inspect kill load login logout logs manifest network node pause plugin port ps pull push rename restart rm rmi run save sbom scan scout search secret service stack start stats stop swarm system tag top trust unpause update volume wait";
const BUILDX_COMMANDS = "bake build create dap debug dial-stdio du history imagetools inspect ls prune rm stop use version";

for (const line of [...DOCKER_COMMANDS.split(" "), ...BUILDX_COMMANDS.split(" ").map((command) => `buildx ${command}`)]) {
  if (commandName(line.split(" ")).name !== undefined) continue;
  test(`docker's ${line} is known not to be here`, async (t) => {
    const run = await runRig(line.split(" "));
    t.is(run.code, 2, run.stderr);
    t.regex(run.stderr, /^error\[cli\/unknown-command\]: .*: that command of docker's is not here\nhint: \S/);
  });
}
