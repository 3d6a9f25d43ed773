import { join } from "node:path";
import test from "ava";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { requires, withoutProgram } from "../../support/requires.js";
import { COPY_ALL, web, rig, served, built, refused, archive, UNPACKED } from "./sources-rig.js";

for (const [program, ...flags] of [["tar"], ["gzip", "-z"], ["bzip2", "-j"], ["xz", "-J"], ["zstd", "--zstd"]] as const) {
  requires(withoutProgram(program)).serial(
    `an archive on the standard input is the context, made by ${program}: owners and modes stay`,
    async (t) => {
      const { list, ended } = await built(t, ["-"], { input: archive(...flags) });
      t.deepEqual(list, UNPACKED, program);
      // The same files in another wrapping are the same context.
      if (program !== "tar") t.deepEqual(instructionSteps(ended.stderr).DONE, [], program);
    },
  );
}

test.serial("an archive on the standard input: another Dockerfile in it, none in it, a damaged one", async (t) => {
  t.deepEqual((await built(t, ["-f", "docker/Other", "-"], { input: archive() })).list, ["-rw-r----- 12/34 other"]);
  t.regex(
    await refused(t, ["-f", "nope", "-"], { input: archive() }),
    /error\[dockerfile\/not-found\]: Cannot find a Dockerfile in the archive: nope does not exist/,
  );
  const damaged = archive("-z").subarray(0, 100);
  t.regex(await refused(t, ["-"], { input: damaged }), /error\[/);
});

test.serial("a Dockerfile on the standard input: alone without files, with -f - beside a directory", async (t) => {
  const context = rig.context("beside", {
    "a.txt": "a\n",
    Containerfile: COPY_ALL,
    "b.txt": "b\n",
    "Other.dockerignore": "b*\n",
    Other: COPY_ALL,
  });
  t.deepEqual((await built(t, ["-"], { input: Buffer.from("FROM scratch\nCOPY <<E /x\ny\nE\n") })).list, ["-rw-r--r-- 0/0 x"]);
  t.regex(await refused(t, ["-"], { input: Buffer.from(COPY_ALL.replace(".", "a.txt")) }), /Cannot copy "a.txt" from an empty context/);
  t.deepEqual((await built(t, ["-f", "-", context], { input: Buffer.from("FROM scratch\nCOPY a.txt /a\n") })).list, ["-rw-r--r-- 0/0 a"]);
  t.regex(await refused(t, ["-f", "x", "-"], { input: Buffer.from("FROM scratch\n") }), /error\[context\/two-dockerfiles\]/);
  t.is((await built(t, [context])).list.length, 5, "Containerfile");
  const outside = rig.context("outside", { Dockerfile: "FROM scratch\nCOPY a.txt /outside\n" });
  t.deepEqual((await built(t, ["-f", join(outside, "Dockerfile"), context])).list, ["-rw-r--r-- 0/0 outside"]);
  t.deepEqual(
    (await built(t, ["-f", join(context, "Other"), context])).list.map((line) => line.split(" ")[2]),
    ["Containerfile", "Other", "Other.dockerignore", "a.txt"],
  );
});

test.serial("a URL is the context: an archive, or a Dockerfile; nothing is downloaded again", async (t) => {
  served.set("/context.tar.gz", archive("-z"));
  served.set("/Dockerfile", Buffer.from("FROM scratch\nCOPY context /dockerfile\n"));
  const url = `${web.origin}/context.tar.gz`;
  t.deepEqual((await built(t, [url])).list, UNPACKED);
  const again = await built(t, [url]);
  t.deepEqual(instructionSteps(again.ended.stderr).DONE, []);
  t.deepEqual((await built(t, ["-f", "docker/Other", url])).list, ["-rw-r----- 12/34 other"]);
  t.deepEqual((await built(t, [`${web.origin}/Dockerfile`])).list, ["-rw------- 0/0 dockerfile"]);
  const context = rig.context("for-url", { context: "c\n" });
  t.deepEqual((await built(t, ["-f", `${web.origin}/Dockerfile`, context])).list, ["-rw-r--r-- 0/0 dockerfile"]);
  t.regex(
    await refused(t, [`${web.origin}/missing?token=s3cret`]),
    /error\[source\/http-status\]: Cannot download http:\S+\/missing\?token=…: \S+ answered 404/,
  );
});

test.serial("ADD of a URL: mode, date, name, unpacking, checksum; found again by content", async (t) => {
  served.set("/dir/file%20name", Buffer.from("one\n"));
  served.set("/a.tgz", archive("-z"));
  const context = rig.context("add", {
    Dockerfile: `FROM scratch\nADD ${web.origin}/dir/file%20name /d/\nADD --chmod=755 --chown=1:2 ${web.origin}/dir/file%20name /e\nADD --unpack=true ${web.origin}/a.tgz /u\nADD ${web.origin}/a.tgz /p\n`,
  });
  const { list, tar } = await built(t, [context]);
  t.deepEqual(
    list.filter((line) => !line.includes(" u/")),
    ["drwxr-xr-x 0/0 d/", "-rw------- 0/0 d/file name", "-rwxr-xr-x 1/2 e", "-rw------- 0/0 p"],
  );
  t.true(list.includes("-rw-r----- 12/34 u/a.txt"), list.join("\n"));
  const { stdout } = await rig.spawn("tar", ["--utc", "--full-time", "-tvf", tar, "d/file name"]).ended;
  t.regex(stdout.toString("utf8"), /2020-01-02 03:04:05/);
  const again = await built(t, [context]);
  t.deepEqual(instructionSteps(again.ended.stderr).DONE, []);
  served.set("/dir/file%20name", Buffer.from("other\n"));
  const changed = instructionSteps((await built(t, [context])).ended.stderr);
  t.is(new Set(changed.DONE).size, 4, "each depends on the one before");
  const wrong = rig.context("wrong", { Dockerfile: `FROM scratch\nADD --checksum=sha256:${"0".repeat(64)} ${web.origin}/a.tgz /\n` });
  t.regex(await refused(t, [wrong]), /error\[source\/checksum-mismatch\]/);
});
