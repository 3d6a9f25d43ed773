import type { ErrorEntry } from "./entry.js";

export const LLB_ERRORS = {
  "llb/no-wire-form": {
    title: "A step that BuildKit's LLB cannot say",
    cause: "The build was to be written in the form that BuildKit solves, which has nothing for a part of this step.",
    wayOut: "Change the part that the message names, or build here.",
  },
  "llb/not-a-definition": {
    title: "Bytes that are no build definition",
    cause: "The file is not a `pb.Definition` of BuildKit, or a part of it is cut off or damaged.",
    wayOut:
      "Make it again with [`tsbuild debug llb -o FILE`](llb.md), or with a client of BuildKit (`buildctl build` reads the same bytes).",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
