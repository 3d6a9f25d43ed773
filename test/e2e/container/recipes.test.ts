import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { runInContainer } from "../../support/container/container.js";
import { type ContainerKind, containers } from "../../support/container/containers.js";
import { recipeNames, type Script, scriptOf } from "../../support/recipes.js";
import { removeTree } from "../../support/remove-tree.js";
import { notInstalled, requires, withoutContainer } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { makeRepository, missingForGit, startGitServer } from "../../support/servers/git-server.js";
import { hasRegistry, type RealRegistry, REGISTRY_ACCOUNT, startRegistry } from "../../support/servers/registry.js";

// The scripts of examples/ci, as their CI hands them to a shell, in containers with its rights. A
// registry of this machine stands for the one that a recipe names, a link for npm's.

const DOCKERFILE = `FROM scratch
COPY --chmod=755 busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox id -u >/made"]
`;

interface Run {
  readonly recipe: string;
  readonly script: Script;
  readonly kind: ContainerKind;
  /** Name of the pushed image, without the registry. */
  readonly pushes?: string;
  /** Text of the build about its tier; undefined for namespaces of its own. */
  readonly tier: RegExp | undefined;
  /** Files that the script leaves in the project. */
  readonly leaves?: Readonly<Record<string, string>>;
  /** Variables that the CI gives. */
  readonly env?: (place: Place) => Readonly<Record<string, string>>;
  /** Text in the script that the CI, or whoever takes the recipe, replaces. */
  readonly texts?: (place: Place) => Readonly<Record<string, string>>;
}

interface Place {
  readonly project: string;
  readonly volume: string;
  readonly registry: string;
  readonly repository: string;
}

/** A user of a machine, without subordinate ids. */
const RUNNER: ContainerKind = { ...containers.unmasked, uid: 12_345, gid: 12_345 };
const COMPONENT = "gitlab-component";
const CHROOT = /steps run with isolation "chroot"/;
const SUPERVISED = /steps run with isolation "supervised"/;
const { username, password } = REGISTRY_ACCOUNT;

/** Returns variables of GitLab. Each group has a cache of its own. */
const gitlab =
  (group: string) =>
  ({ project, registry }: Place) => ({
    CI_PROJECT_DIR: project,
    CI_REGISTRY: registry,
    CI_REGISTRY_IMAGE: `${registry}/${group}/app`,
    CI_COMMIT_SHORT_SHA: "0a1b2c3d",
    CI_REGISTRY_USER: username,
    CI_REGISTRY_PASSWORD: password,
  });
const github = { GITHUB_REPOSITORY: "me/app", GITHUB_SHA: "0a1b", GITHUB_ACTOR: username };
/** Directories that a pod of the recipe has. */
const pod = ({ volume, repository }: Place) => ({
  "/work": join(volume, "work"),
  "/credentials": join(volume, "credentials"),
  "https://git.example.com/team/app.git": repository,
});

const RUNS: readonly (readonly [what: string, run: Run])[] = [
  [
    "the docker executor",
    {
      recipe: "gitlab.yml",
      script: scriptOf.gitlab("gitlab.yml"),
      kind: containers.default,
      pushes: "default/app:0a1b2c3d",
      tier: CHROOT,
      env: gitlab("default"),
    },
  ],
  [
    "the privileged docker executor",
    {
      recipe: "gitlab.yml",
      script: scriptOf.gitlab("gitlab.yml"),
      kind: containers.privileged,
      pushes: "privileged/app:0a1b2c3d",
      tier: undefined,
      env: gitlab("privileged"),
    },
  ],
  [
    "the docker executor, as a component",
    {
      recipe: COMPONENT,
      script: scriptOf.component(),
      kind: containers.default,
      pushes: "component/app:0a1b2c3d",
      tier: CHROOT,
      env: gitlab("component"),
      leaves: { "gl-code-quality-report.json": "[]\n" },
    },
  ],
  [
    "a job's container",
    {
      recipe: "github.yml",
      script: scriptOf.github("github.yml", "in-container"),
      kind: containers.default,
      pushes: "me/app:0a1b",
      tier: CHROOT,
      env: () => github,
      texts: () => ({ "${{ secrets.GITHUB_TOKEN }}": password }),
    },
  ],
  [
    "the runner",
    {
      recipe: "github.yml",
      script: scriptOf.github("github.yml", "on-runner"),
      kind: RUNNER,
      tier: undefined,
      env: () => github,
    },
  ],
  [
    "a restricted pod",
    {
      recipe: "kubernetes.yaml",
      script: scriptOf.pod("kubernetes.yaml"),
      kind: { ...containers.randomUserReadonly, uid: 10_001, gid: 10_001 },
      pushes: "app:1",
      tier: SUPERVISED,
      texts: pod,
    },
  ],
  [
    "a restricted pod with the profile seccomp.json",
    {
      recipe: "kubernetes.yaml",
      script: scriptOf.pod("kubernetes.yaml"),
      kind: { ...containers.randomUserReadonly, seccomp: "unconfined", uid: 10_001, gid: 10_001 },
      pushes: "app:1",
      tier: undefined,
      texts: pod,
    },
  ],
  [
    "a random user",
    {
      recipe: "openshift.yaml",
      script: scriptOf.pod("openshift.yaml"),
      kind: containers.randomUser,
      pushes: "team/app:1",
      tier: SUPERVISED,
      texts: pod,
    },
  ],
  [
    "a task",
    {
      recipe: "tekton.yaml",
      script: scriptOf.tekton("tekton.yaml"),
      kind: containers.default,
      pushes: "task:1",
      tier: CHROOT,
      texts: ({ volume, registry }) => ({
        "/credentials": join(volume, "credentials"),
        "/store": join(volume, "work", "store"),
        "$(params.IMAGE)": `${registry}/task:1`,
        "$(params.CONTEXT)": ".",
        "$(results.IMAGE_ID.path)": join(volume, "work", "result"),
      }),
    },
  ],
  [
    "an agent",
    {
      recipe: "Jenkinsfile",
      script: scriptOf.jenkins("Jenkinsfile"),
      kind: containers.default,
      pushes: "app:7",
      tier: CHROOT,
      env: () => ({ NAME: username, PASSWORD: password, BUILD_NUMBER: "7" }),
      texts: ({ project }) => ({ "${WORKSPACE}": project }),
    },
  ],
  [
    "a step",
    {
      recipe: "buildkite.yml",
      script: scriptOf.buildkite("buildkite.yml"),
      kind: containers.default,
      pushes: "app:0a1b",
      tier: CHROOT,
      env: () => ({ REGISTRY_PASSWORD: password, BUILDKITE_COMMIT: "0a1b" }),
      texts: () => ({ "--username ci": `--username ${username}` }),
    },
  ],
  [
    "a user of the machine",
    {
      recipe: "crontab",
      script: scriptOf.cron("crontab"),
      kind: RUNNER,
      pushes: "app:nightly",
      tier: undefined,
      texts: ({ project, volume }) => ({
        "/srv/app": project,
        "/home/builder": join(volume, "credentials"),
        "/usr/local/bin": join(volume, "bin"),
      }),
    },
  ],
];

let registry: RealRegistry;
const run = requires(
  withoutContainer,
  notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined),
  notInstalled(hasRegistry ? undefined : "docker-registry"),
  notInstalled(missingForGit),
).serial;

test.before(async () => {
  if (withoutContainer === undefined && hasRegistry) registry = await startRegistry({ auth: "basic" });
});
test.after.always(() => registry?.stop());

/** Programs that stand for those of the CI's image: npm makes the command, sudo does nothing. */
function placePrograms(bin: string): void {
  const tsbuild = `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`;
  const programs = {
    "tsbuild-of-npm": tsbuild,
    npm: `#!/bin/sh\ncase "$*" in "install --global tsbuild"*) ln -s tsbuild-of-npm "${bin}/tsbuild" ;; *) exit 1 ;; esac\n`,
    sudo: "#!/bin/sh\n",
  };
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(bin, name), text, { mode: 0o755 });
}

function replaced(text: string, texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts).reduce((whole, [from, to]) => whole.replaceAll(from, to), text);
}

const REGISTRIES = /registry\.example\.com|ghcr\.io|image-registry\.openshift-image-registry\.svc:5000/g;

async function runRecipe(t: ExecutionContext, { script, kind, pushes, tier, env, texts, leaves }: Run): Promise<void> {
  const volume = mkdtempSync(join(tmpdir(), "tsbuild-recipe-"));
  t.teardown(() => removeTree(volume));
  const at = (...names: readonly string[]) => join(volume, ...names);
  chmodSync(volume, 0o755);
  for (const name of ["bin", "work", "credentials", "git"]) mkdirSync(at(name));
  mkdirSync(at("git/app"));
  copyFileSync(BUSYBOX as string, at("git/app/busybox"));
  makeRepository(at("git/app"), { Dockerfile: DOCKERFILE });
  const project = at("git/app");
  placePrograms(at("bin"));
  const credentials = { auths: { [registry.host]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } } };
  writeFileSync(at("credentials/config.json"), JSON.stringify(credentials));
  mkdirSync(at("credentials/.docker"));
  copyFileSync(at("credentials/config.json"), at("credentials/.docker/config.json"));
  for (const name of ["bin", "work", "credentials", "git/app"]) chownSync(at(name), kind.uid ?? 0, kind.gid ?? 0);
  const git = await startGitServer(at("git"));
  t.teardown(() => git.close());
  const place = { project, volume, registry: registry.host, repository: `${git.origin}/app.git` };
  const filled = (text: string): string => replaced(text, texts?.(place) ?? {}).replaceAll(REGISTRIES, registry.host);
  const own = Object.fromEntries(
    Object.entries(script.env).map(([name, value]) => [
      name,
      filled(value).replaceAll(/\$(\w+)/g, (_, variable: string) => env?.(place)[variable as never] ?? ""),
    ]),
  );
  // Images of tools have the command; all others get it from npm.
  if (!script.lines.some((line) => line.includes("npm install"))) copyFileSync(at("bin/tsbuild-of-npm"), at("bin/tsbuild"));
  const path = `${at("bin")}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const command = ["sh", "-ec", script.lines.map(filled).join("\n")];
  const { code, stdout, stderr } = await runInContainer(kind, command, {
    env: { PATH: path, HOME: at("work"), ...env?.(place), ...own },
    volumes: [volume],
    cwd: project,
  });
  t.is(code, 0, `${stdout}${stderr}`);
  if (tier) t.regex(stderr, tier);
  else t.notRegex(stderr, /isolation "/);
  for (const [name, text] of Object.entries(leaves ?? {})) t.is(readFileSync(join(project, name), "utf8"), text);
  if (pushes === undefined) return;
  const [name, tag] = pushes.split(":");
  const authorization = `Basic ${credentials.auths[registry.host]?.auth}`;
  const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
  const answer = await fetch(`http://${registry.host}/v2/${name}/manifests/${tag}`, { headers: { authorization, accept } });
  t.is(answer.status, 200, `${name}:${tag} was not pushed`);
}

for (const [what, one] of RUNS) run(`the recipe ${one.recipe} builds in ${what}`, (t) => runRecipe(t, one));

test("every recipe is run", (t) => {
  t.deepEqual([...new Set(RUNS.map(([, { recipe }]) => recipe))].sort(), [...recipeNames, COMPONENT].sort());
});
