import type { DiskItem, DiskUsageReport } from "../../api/options/disk-types.js";
import { printable } from "../../core/text/printable.js";
import { age } from "../output/age.js";
import { humanSize } from "../syntax/bytes.js";
import { parseDiskFilters } from "../syntax/disk-filter.js";
import { type CliEnvironment, type Command, print, withStore, printStderr } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { LIST_FORMAT_FLAG, type ParsedFlags, parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { renderList } from "../output/list-format.js";
import { jsonText } from "../../core/text/json-text.js";

const COLUMNS = [
  { field: "ID", heading: "ID" },
  { field: "Type", heading: "TYPE" },
  { field: "Size", heading: "SIZE" },
  { field: "Bytes", heading: "BYTES" },
  { field: "LastUsed", heading: "LAST USED" },
  { field: "Shared", heading: "SHARED" },
  { field: "Reclaimable", heading: "RECLAIMABLE" },
  { field: "KeptBy", heading: "KEPT BY" },
  { field: "Description", heading: "DESCRIPTION" },
];

const SHOWN = ["ID", "Type", "Size", "LastUsed", "Shared", "KeptBy", "Description"];

/** Characters after which a cell of the table is cut. */
const WIDTH = 48;

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "du",
        summary: "Show what the store holds and how much room it takes",
        operands: "",
        count: [0, 0],
        flags: [
          {
            name: "filter",
            value: "<filter>",
            repeat: true,
            text: "id=, type=, description= (also != and ~=), until=24h, inuse, shared, private, reclaimable",
          },
          LIST_FORMAT_FLAG,
          { name: "verbose", text: "Show all details of each part" },
          { name: "verify", text: "Read the whole store and report damage; exits with 1 when there is any" },
          ROOT_FLAG,
        ],
        after: "Sizes are real blocks on the disk: the total is what du -s says of the store's directory.",
      },
      args,
    );
    return flags.has("verify") ? verify(flags, environment) : usage(flags, environment);
  },
};

function usage(flags: ParsedFlags, environment: CliEnvironment): Promise<number> {
  const filter = parseDiskFilters(flags.all("filter"), environment.now());
  const format = flags.one("format");
  return withStore(environment, flags.one("root"), async (store) => {
    const report = await store.du();
    const items = report.items.filter(filter);
    if (format === "json") {
      await print(environment.stdout, items.map((item) => `${jsonText(jsonOf(item))}\n`).join(""));
      return EXIT.success;
    }
    const now = environment.now();
    if (flags.has("verbose") && format === undefined) {
      await print(environment.stdout, items.map((item) => details(item, now)).join("\n"));
    } else {
      await print(
        environment.stdout,
        renderList(
          items.map((item) => rowOf(item, now, format !== undefined)),
          COLUMNS,
          SHOWN,
          format,
        ),
      );
    }
    if (format !== undefined && format !== "table") return EXIT.success;
    const sum = (list: readonly DiskItem[]): string => humanSize(list.reduce((total, { bytes }) => total + bytes, 0));
    const lines = [
      ...(flags.all("filter").length > 0 ? [["Shown", sum(items)]] : []),
      ["Reclaimable", humanSize(report.reclaimable)],
      ["Total", humanSize(report.total)],
      ["Budget", budgetText(report)],
    ];
    await print(environment.stdout, `\n${lines.map(([name, value]) => `${`${name}:`.padEnd(14)}${value}\n`).join("")}`);
    return EXIT.success;
  });
}

/**
 * Returns the budget as text. The store exceeds it for long only when parts that are never
 * collected are too large.
 */
function budgetText({ budget, total }: DiskUsageReport): string {
  if (budget === undefined) return "off";
  return `${humanSize(budget)}${total > budget ? " (exceeded: images with a name, and what running builds use, are never collected)" : ""}`;
}

function verify(flags: ParsedFlags, environment: CliEnvironment): Promise<number> {
  return withStore(environment, flags.one("root"), async (store) => {
    const problems = await store.verify();
    await print(environment.stdout, problems.map((problem) => `${printable(problem)}\n`).join(""));
    await printStderr(environment, problems.length === 0 ? "The store is consistent\n" : `${problems.length} found\n`);
    return problems.length === 0 ? EXIT.success : EXIT.failure;
  });
}

function rowOf(item: DiskItem, now: number, whole: boolean): Record<string, string> {
  const cut = (text: string): string => (whole || text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 1)}…`);
  return {
    ID: whole ? item.id : shortId(item.id),
    Type: item.type,
    Size: humanSize(item.bytes),
    Bytes: String(item.bytes),
    LastUsed: usedText(item, now),
    Shared: String(item.shared),
    Reclaimable: String(item.reclaimable),
    KeptBy: cut(item.keptBy.join(", ")),
    Description: cut(item.description),
  };
}

function shortId(id: string): string {
  if (id.startsWith("sha256:")) return id.slice(7, 19);
  if (id.startsWith("/")) return id.slice(id.lastIndexOf("/") + 1);
  return id.length > 12 ? id.slice(0, 12) : id;
}

function usedText({ lastUsedAt }: DiskItem, now: number): string {
  return lastUsedAt === undefined ? "" : age(new Date(lastUsedAt).toISOString(), now);
}

function jsonOf(item: DiskItem): Record<string, unknown> {
  return {
    ID: item.id,
    Type: item.type,
    Bytes: item.bytes,
    Size: humanSize(item.bytes),
    LastUsedAt: item.lastUsedAt === undefined ? null : new Date(item.lastUsedAt).toISOString(),
    Shared: item.shared,
    InUse: item.running,
    Reclaimable: item.reclaimable,
    KeptBy: item.keptBy,
    Description: item.description,
  };
}

function details(item: DiskItem, now: number): string {
  const lines: readonly (readonly [string, string])[] = [
    ["ID", item.id],
    ["Type", item.type],
    ["Description", printable(item.description)],
    ["Size", humanSize(item.bytes)],
    ["Last used", usedText(item, now) || "unknown"],
    ["Shared", String(item.shared)],
    ["Reclaimable", String(item.reclaimable)],
    ["Kept by", item.keptBy.join("\n             ") || "nothing"],
  ];
  return lines.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}\n`).join("");
}
