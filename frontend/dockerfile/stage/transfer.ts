import type { InstructionStep } from "../../../core/step.js";
import { withoutUserinfo } from "../../../core/text/address.js";
import { cleanPath } from "../../../core/text/pattern-matcher.js";
import { edge, type Rootfs } from "../../../llb/vertex.js";
import type { Heredoc, ListNode, Word } from "../ast.js";
import * as errors from "../errors/errors.js";
import { flagWord } from "../syntax/flags.js";
import { chompTabs, joinHeredocWords, parseHeredoc } from "../syntax/heredoc.js";
import { CopyIgnoredFile } from "../lint/rules/copy-ignored-file.js";
import type { InstructionContext } from "./instruction-context.js";
import { isOwner, ownerOf } from "../values/owner.js";
import { addRemote } from "./remote-source.js";
import type { Report } from "../errors/report.js";
import { parseMode } from "../values/mode.js";
import type { Transfer, CommonCopy } from "./copy-options.js";
import { ActionMaker, type CopyWithoutInputs } from "./copy-actions.js";

/**
 * Sorts the arguments into paths, heredocs and the destination. Returns undefined, with the problem
 * reported, when they do not fit.
 */
export function checkArguments(node: ListNode, report: Report): Pick<Transfer, "node" | "paths" | "documents" | "dest"> | undefined {
  const keyword = node.keyword.text.toUpperCase();
  const args = node.json ? node.args : joinWords(node.args);
  const dest = args[args.length - 1];
  if (!dest || args.length < 2) {
    // An array with a member that is no string has had its own problem.
    const known = report.problems.some(({ code, range }) => code === "dockerfile/json-members" && range?.line === node.range.line);
    if (!known) report.add(errors.copyNeedsDestination(keyword, node.range));
    return undefined;
  }
  if (node.heredocs.length > 0 && parseHeredoc(dest.text)) {
    report.add(errors.heredocDestination(keyword, dest.range));
    return undefined;
  }
  const paths: Word[] = [];
  const documents: { readonly word: Word; readonly heredoc: Heredoc }[] = [];
  for (const word of args.slice(0, -1)) {
    const start = node.heredocs.length > 0 ? parseHeredoc(word.text) : undefined;
    const heredoc = start && node.heredocs.find((candidate) => candidate.name === start.name);
    if (heredoc) documents.push({ word, heredoc });
    else paths.push(word);
  }
  return { node, paths, documents, dest };
}

/** Joins `<<` with the word after it. */
function joinWords(args: readonly Word[]): readonly Word[] {
  const texts = joinHeredocWords(args.map((word) => word.text));
  if (texts.length === args.length) return args;
  let next = 0;
  return texts.map((text) => {
    const first = args[next++] as Word;
    if (first.text === text) return first;
    const { end, endLine, endColumn } = (args[next++] as Word).range;
    return { text, range: { ...first.range, end, endLine, endColumn } };
  });
}

export function lowerTransfer(transfer: Transfer, source: Rootfs, isContext: boolean, at: InstructionContext): void {
  const { stage } = at;
  const { node } = transfer;
  const paths = transfer.paths.map((word) => ({ text: at.expand(word), word }));
  const destText = at.expand(transfer.dest);
  const chown = transfer.chown ? at.expand(flagWord(transfer.chown)) : "";
  const chmod = transfer.chmod ? at.expand(flagWord(transfer.chmod)) : "";
  const mode = chmod === "" ? undefined : parseMode(chmod);
  if (chmod !== "" && mode === undefined) at.fail(errors.invalidChmod(chmod, transfer.chmod?.valueRange ?? node.range));
  // Symbolic and numeric modes both depend on existing files, or are applied by the plain copy:
  // BuildKit links without --chmod only.
  const link = transfer.link && chmod === "";
  const step = shownStep(at, transfer);
  if (!isOwner(chown)) at.fail(errors.invalidChown(chown, transfer.chown?.valueRange ?? node.range));
  const owner = ownerOf(chown);
  const common = {
    dest: destination(stage.cwd, destText),
    createDestPath: true,
    ...(owner ? { owner } : {}),
    ...(mode === undefined ? {} : { mode }),
    ...(transfer.exclude.length > 0 ? { excludePatterns: transfer.exclude.map((flag) => flag.value ?? "") } : {}),
  };
  const maker = new ActionMaker(link ? undefined : stage.rootfs);
  for (const { text, word } of paths) {
    if (addRemote(text, word, transfer, { at, step, maker, common })) continue;
    if (isContext) warnIgnored(text, word, transfer, at);
    maker.copy(source, localSource(text, transfer, common));
  }
  for (const { heredoc } of transfer.documents) {
    maker.document(heredoc.name, documentContent(heredoc, at), common);
  }
  const cutSources = paths.flatMap(({ text }) => (leadsOut(text) ? [{ src: cleanPath(`/${text}`), written: text }] : []));
  const edgeOfCopy = maker.edge({
    ...at.fileMetadata(step),
    ...(cutSources.length > 0 ? { cutSources } : {}),
    ...(transfer.from === undefined ? {} : { copiedFrom: transfer.from }),
  });
  stage.rootfs =
    link && stage.rootfs
      ? edge({
          op: { kind: "merge" },
          inputs: [stage.rootfs, edgeOfCopy],
          metadata: at.fileMetadata({ ...step, text: `LINK ${step.text}` }),
        })
      : edgeOfCopy;
  const flags = [
    ...(transfer.parents ? ["--parents"] : []),
    ...(chown === "" ? [] : [`--chown=${chown}`]),
    ...(chmod === "" ? [] : [`--chmod=${chmod}`]),
  ];
  const sources = [...paths.map(({ text }) => withoutUserinfo(text)), ...transfer.documents.map(({ heredoc }) => `<<${heredoc.name}`)];
  at.commit([transfer.keyword, ...flags, ...sources, destText].join(" "), { layer: true, mark: true });
}

/**
 * Returns the step of the instruction. Its text is recorded, and exported with images and caches:
 * passwords of URLs are left out.
 */
function shownStep(at: InstructionContext, { node }: Transfer): InstructionStep {
  const step = at.step(node.text);
  return { ...step, text: withoutUserinfo(step.text) };
}

function localSource(text: string, transfer: Transfer, common: CommonCopy): CopyWithoutInputs {
  const pivot = text.indexOf("/./");
  return {
    src: cleanPath(`/${text}`),
    followSymlinks: true,
    dirCopyContents: true,
    attemptUnpack: transfer.unpack ?? transfer.keyword === "ADD",
    allowWildcard: true,
    allowEmptyWildcard: true,
    ...(transfer.parents ? { parentsPivot: cleanPath(`/${pivot === -1 ? "" : text.slice(0, pivot)}`) } : {}),
    ...common,
  };
}

/**
 * Returns true when a path has more `..` than directories before it. The surplus `..` are cut, as
 * docker does.
 */
function leadsOut(text: string): boolean {
  let depth = 0;
  for (const part of text.split("/")) {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}

/**
 * Resolves the destination against the working directory. A trailing slash, `/.`, `.` and an empty
 * text mean a directory.
 */
function destination(cwd: string, text: string): string {
  const isDirectory = text === "" || text === "." || text.endsWith("/") || text.endsWith("/.");
  const path = cleanPath(text.startsWith("/") ? text : `${cwd}/${text}`);
  return isDirectory && path !== "/" ? `${path}/` : path;
}

function documentContent(heredoc: Heredoc, at: InstructionContext): string {
  const content = heredoc.chomp ? chompTabs(heredoc.content) : heredoc.content;
  if (!heredoc.expand) return content;
  return at.expand({ text: content, range: heredoc.range }, { escape: "\\", ignoreQuotes: true });
}

/**
 * Warns about an ignored source. Does nothing when patterns have `!`: only the files show whether
 * these include the source again.
 */
function warnIgnored(text: string, word: Word, transfer: Transfer, at: InstructionContext): void {
  const { ignore, linter } = at.build;
  if (!ignore || ignore.hasExclusions) return;
  const path = cleanPath(text).replace(/^\/(?=.)/, "");
  const isRoot = path === "." || path === "/";
  if (isRoot && !ignore.patterns.some((pattern) => ["*", "**", "**/*"].includes(pattern.text))) return;
  const instruction = transfer.keyword === "ADD" ? "Add" : "Copy";
  if (ignore.matches(path)) linter.warn(CopyIgnoredFile, [instruction, path], word.range, transfer.node.comments);
}
