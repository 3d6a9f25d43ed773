import { busyboxSuite } from "../../support/images/busybox-suite.js";
import { Rig } from "../../support/rigs/rig.js";

const { serial, host } = busyboxSuite();

serial("fetching and unpacking a base image are lines and time of FROM; a build that is cached does neither", async (t) => {
  const rig = new Rig();
  try {
    const context = rig.context("context", { Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN true\n" });
    const args = ["build", "--progress", "plain", "--build-arg", `REGISTRY=${host()}`, "-o", "type=cacheonly", context];
    const first = await rig.cli(args);
    t.is(first.code, 0, first.stderr);
    const lines = first.stderr.split("\n");
    const [, from] = /^(#\d+) \[1\/2\] FROM /m.exec(first.stderr) ?? [];
    const [, run] = /^(#\d+) \[2\/2\] RUN true/m.exec(first.stderr) ?? [];
    const of = (step: string | undefined) => lines.filter((line) => line.startsWith(`${step} `));
    t.regex(of(from).join("\n"), /sha256:[0-9a-f]{64} \d.* done/);
    t.regex(of(from).join("\n"), /extracting sha256:[0-9a-f]{64}.* done/);
    t.regex(of(from).at(-1) ?? "", /DONE/);
    t.notRegex(of(run).join("\n"), /sha256:/);
    t.true(
      lines.findLastIndex((line) => line.startsWith(`${from} `)) < lines.findIndex((line) => line.startsWith(`${run} `)),
      first.stderr,
    );

    const second = await rig.cli(args);
    t.regex(second.stderr, /FROM .*\n#\d+ CACHED/);
    t.notRegex(second.stderr, /extracting|sha256:[0-9a-f]{64} \d/);
  } finally {
    await rig.dispose();
  }
});
