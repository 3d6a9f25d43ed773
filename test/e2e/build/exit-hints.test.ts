import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";

const { serial, host } = busyboxSuite();

const CASES: readonly (readonly [title: string, dockerfile: string, script: string, hint: RegExp])[] = [
  [
    "a script with Windows line ends",
    "FROM $REGISTRY/busybox\nCOPY run.sh /app/\nWORKDIR /app\nRUN chmod +x run.sh\nRUN ./run.sh\n",
    "#!/bin/sh\r\necho hi\r\n",
    /^hint: \.\/run\.sh has Windows line ends/m,
  ],
  [
    "a script whose interpreter is not there",
    "FROM $REGISTRY/busybox\nCOPY --chmod=755 run.sh /\nRUN /run.sh\n",
    "#!/usr/bin/perl\n",
    /^hint: The interpreter of \/run\.sh, \/usr\/bin\/perl, is not in the image/m,
  ],
  ["no shell", "FROM scratch\nCOPY run.sh /\nRUN echo hi\n", "", /^hint: The image has no \/bin\/sh: take a base image with a shell/m],
];

for (const [title, dockerfile, script, hint] of CASES) {
  serial(`a step that cannot run says why: ${title}`, (t) =>
    withRig(async (rig) => {
      const context = rig.context("context", { Dockerfile: `ARG REGISTRY\n${dockerfile}`, "run.sh": script });
      const ended = await rig.cli(["build", "--progress=plain", "--build-arg", `REGISTRY=${host()}`, context]);
      t.is(ended.code, 1, ended.stderr);
      t.regex(ended.stderr, hint);
    }),
  );
}
