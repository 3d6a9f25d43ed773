import test from "ava";
import { recordedStep } from "../../core/recorded-step.js";
import { type StepInfo, stepName, stepPlace, stepText } from "../../core/step.js";

/** Every form of a step, and its name. */
const STEPS: readonly (readonly [StepInfo, string])[] = [
  [{ kind: "instruction", stage: "", position: 2, of: 4, text: "COPY a b" }, "[2/4] COPY a b"],
  [{ kind: "instruction", stage: "build", position: 2, of: 12, text: "RUN a\nb" }, "[build  2/12] RUN a\nb"],
  [{ kind: "instruction", stage: "", position: 2, of: 12, text: "ONBUILD RUN a" }, "[ 2/12] ONBUILD RUN a"],
  [
    { kind: "instruction", stage: "stage-1", position: 1, of: 1, platform: "linux/amd64->arm64", text: "RUN echo ] [x 1/2] y" },
    "[linux/amd64->arm64 stage-1 1/1] RUN echo ] [x 1/2] y",
  ],
  [{ kind: "instruction", stage: "", position: 1, of: 1, platform: "linux/arm/v7", text: "RUN" }, "[linux/arm/v7 1/1] RUN"],
  [
    { kind: "base", ref: "docker.io/library/alpine:3.20", digest: "sha256:ab", place: { stage: "build", position: 1, of: 2 } },
    "[build 1/2] FROM docker.io/library/alpine:3.20@sha256:ab",
  ],
  [{ kind: "base", ref: "localhost:5000/a", digest: "sha256:ab" }, "FROM localhost:5000/a@sha256:ab"],
  [{ kind: "base", ref: "a:1" }, "FROM a:1"],
  [{ kind: "context" }, "[internal] load build context"],
  [{ kind: "context", name: "src files" }, "[context src files] load from client"],
  [{ kind: "context", name: "src", load: "load git source https://host/a.git" }, "[context src] load git source https://host/a.git"],
  [{ kind: "internal", text: "unpack build context" }, "[internal] unpack build context"],
  [{ kind: "internal", text: "load metadata for a", platform: "linux/arm64" }, "[linux/arm64 internal] load metadata for a"],
  [{ kind: "export", text: "exporting to oci image format" }, "exporting to oci image format"],
];

for (const [step, name] of STEPS) {
  test(`step: ${JSON.stringify(name)} is the name of its value, and is read from records`, (t) => {
    t.is(stepName(step), name);
    t.deepEqual(recordedStep(name), step);
    const place = stepPlace(step);
    if (place) t.true(name.endsWith(`${place.position}/${place.of}] ${stepText(step)}`));
    else t.is(stepText(step), name);
  });
}

test("step: the name of a record stays the same, whoever wrote it", (t) => {
  const foreign = [
    "",
    "[",
    "[] x",
    "[1/2]",
    "[a b c 1/2] RUN x",
    "[x/y 1/2] FROM",
    "[context ] x",
    "mount / from exec x",
    "[1/2] FROM a b",
  ];
  for (const name of foreign) t.is(stepName(recordedStep(name)), name);
});
