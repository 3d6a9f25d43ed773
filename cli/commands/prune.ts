import type { PrunePolicy, PruneReport } from "../../api/options/disk-types.js";
import { age } from "../output/age.js";
import { humanSize } from "../syntax/bytes.js";
import { parseAge, parseDiskFilters } from "../syntax/disk-filter.js";
import { confirmed } from "../prompts/confirm.js";
import { type CliEnvironment, type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { type ParsedFlags, parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { renderTable } from "../../core/text/table.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "prune",
        summary: "Remove cached steps, cache mounts, and what nothing needs",
        operands: "",
        count: [0, 0],
        flags: [
          { name: "all", short: "a", text: "Remove the steps that images are made of, and images without a name, too" },
          {
            name: "filter",
            value: "<filter>",
            repeat: true,
            text: "Remove only: id=, type=step|mount|image, description= (also != and ~=), until=24h, shared, private",
          },
          { name: "until", value: "<age>", text: "Remove only what was not used for this time: 24h, 7d" },
          { name: "keep-storage", value: "<bytes>", text: "Stop when the store takes no more than this: 10g, or 5% of the file system" },
          { name: "reserved-space", value: "<bytes>", text: "BuildKit's newer name of --keep-storage" },
          { name: "max-used-space", value: "<bytes>", text: "Remove only until the store takes no more than this" },
          { name: "min-free-space", value: "<bytes>", text: "Remove only until this much is free on the file system" },
          { name: "dry-run", text: "Show what would be removed, and why; remove nothing" },
          { name: "force", short: "f", text: "Do not ask for confirmation" },
          { name: "verbose", text: "For docker's sake: what goes is shown anyway", hidden: true },
          ROOT_FLAG,
        ],
        after: "Keeps images with a name and everything that running builds use. Removes what was least recently used first.",
      },
      args,
    );
    const policy = policyOf(flags, environment);
    if (!policy.dryRun && !flags.has("force") && !(await confirmed(environment, question(policy), HINT))) return EXIT.success;
    return withStore(environment, flags.one("root"), async (store) => {
      const report = await store.prune(policy);
      await print(environment.stdout, show(report, policy, environment.now()));
      return EXIT.success;
    });
  },
};

const HINT = "--force removes without asking, --dry-run shows what would go";

function policyOf(flags: ParsedFlags, environment: CliEnvironment): PrunePolicy {
  const until = flags.one("until");
  const filters = flags.all("filter");
  const space = (name: string, member: string) => {
    const value = flags.one(name);
    return value === undefined ? {} : { [member]: value };
  };
  return {
    all: flags.has("all"),
    dryRun: flags.has("dry-run"),
    ...(until === undefined ? {} : { unusedFor: parseAge(until, environment.now()) }),
    ...(filters.length === 0 ? {} : { only: parseDiskFilters(filters, environment.now()) }),
    ...space("reserved-space", "keepStorage"),
    ...space("keep-storage", "keepStorage"),
    ...space("max-used-space", "maxUsedSpace"),
    ...space("min-free-space", "minFreeSpace"),
  };
}

function question({ all }: PrunePolicy): string {
  const what = all
    ? "all cached steps, cache mounts, and images without a name"
    : "cached steps that no image is made of, and cache mounts";
  return `This removes ${what}.`;
}

const REASONS = { unreferenced: "nothing needs it", unused: "not used", space: "to make room" } as const;

function show({ removed, reclaimed }: PruneReport, { dryRun }: PrunePolicy, now: number): string {
  const rows = removed.map(({ type, id, description, bytes, lastUsedAt, why }) => [
    id.startsWith("sha256:") ? id.slice(7, 19) : id.slice(0, 12),
    type,
    type === "step" || type === "image" ? "" : humanSize(bytes),
    lastUsedAt === undefined ? "" : age(new Date(lastUsedAt).toISOString(), now),
    REASONS[why],
    description,
  ]);
  const table = rows.length === 0 ? "" : `${renderTable([["ID", "TYPE", "SIZE", "LAST USED", "WHY", "DESCRIPTION"], ...rows])}\n`;
  return `${table}${dryRun ? "Would reclaim" : "Total reclaimed space"}: ${humanSize(reclaimed)}\n`;
}
