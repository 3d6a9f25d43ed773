import test from "ava";
import { MappedIds } from "../../executor-native/mapped-ids.js";
import { namesUnmappedIds } from "../../executor-native/worker/unmapped-ids.js";

const ALL = "         0          0 4294967295\n";
const OWN = "         0       1000          1\n";
const RANGE = "         0       1000          1\n         1     100000      65536\n";

test("a user namespace has all ids, one, or some", (t) => {
  const facts = [ALL, OWN, RANGE].map((map) => {
    const { complete, single, users } = new MappedIds({ userMap: map, groupMap: map });
    return [complete, single, users.text, ...[0, 1, 65_536, 65_537, 4_294_967_294].map((id) => users.has(id))];
  });
  t.deepEqual(facts, [
    [true, false, "0 4294967295", true, true, true, true, true],
    [false, true, "0 1", true, false, false, false, false],
    [false, false, "0 1,1 65536", true, true, true, false, false],
  ]);
  t.false(new MappedIds({ userMap: ALL, groupMap: RANGE }).complete);
});

const STEPS: readonly (readonly [expected: boolean, command: string, user?: string, env?: readonly string[]])[] = [
  [true, "chown 1000600000 /f"],
  [true, "chown -R 1000600000:0 /f && rm /g"],
  [true, "install -o 65537 a b"],
  [true, "useradd --uid=1000600000 app"],
  [true, "chown $ID /f", "", ["PATH=/bin", "ID=1000600000"]],
  [true, "cd /x && /usr/sbin/chroot --userspec=1000600000 / true"],
  [true, "rsync --chown=70000:70000 a b"],
  [true, "su-exec 70000 true"],
  [true, "(chown 70000 /f);true"],
  [true, "true", "1000600000"],
  [true, "true", "app:1000600000"],
  [true, "true", "4294967294"],
  [false, "true", "65536:65536"],
  [false, "chown 65536:65535 /f"],
  [false, "chown -1 4294967295"],
  [false, "ulimit -n 1048576; make -j 100000"],
  [false, "curl -O https://example.com/v20240101.tar && tar xf v20240101.tar && chown 0 /tmp/20240101.x"],
  [false, "/work/chroot/program /work/tar/file 'mnt:[4026531841]'"],
  [false, "./install-2/x /x.tar /x.tar.gz install.sh 70000"],
  [false, "chown app /f", "app", ["PATH=/bin", "BUILD=1.20240101"]],
];

test("a step that names ids which are not mapped is known by its text", (t) => {
  for (const [expected, command, user = "", env = []] of STEPS) {
    t.is(
      namesUnmappedIds({ args: ["/bin/sh", "-c", command], env, user }, new MappedIds({ userMap: RANGE, groupMap: RANGE })),
      expected,
      `${command} ${user}`,
    );
  }
});
