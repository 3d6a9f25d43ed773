import { parseBoolean } from "../../core/go-values/boolean.js";
import { age } from "../output/age.js";
import { humanSize } from "../syntax/bytes.js";
import { type Command, print, withStore } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { IDS_FLAG, LIST_FORMAT_FLAG, parseFlags, PLATFORM_FLAG, platformChoice, ROOT_FLAG } from "../syntax/flags.js";
import { renderList } from "../output/list-format.js";
import { shownId } from "../output/names.js";

const COLUMNS = [
  { field: "ID", heading: "IMAGE" },
  { field: "CreatedSince", heading: "CREATED" },
  { field: "CreatedAt", heading: "CREATED AT" },
  { field: "CreatedBy", heading: "CREATED BY" },
  { field: "Size", heading: "SIZE" },
  { field: "Comment", heading: "COMMENT" },
];

/** Characters after which docker cuts the instruction. */
const CREATED_BY_WIDTH = 45;

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "history",
        summary: "Show the steps an image was made of",
        operands: "IMAGE",
        count: [1, 1],
        flags: [
          LIST_FORMAT_FLAG,
          { name: "human", short: "H", text: "Sizes and times for people (--human=false: bytes and dates)" },
          { name: "no-trunc", text: "Show whole ids and instructions" },
          IDS_FLAG,
          PLATFORM_FLAG,
          ROOT_FLAG,
        ],
      },
      args,
    );
    const human = !args.some((arg) => parseBoolean(/^(?:--human|-H)=(.*)$/.exec(arg)?.[1] ?? "") === false);
    const full = flags.has("no-trunc");
    return withStore(environment, flags.one("root"), async (store) => {
      const rows = store.history(flags.operands[0] ?? "", platformChoice(flags)).map((entry) => {
        const createdBy = entry.createdBy.replace(/\s+/g, " ");
        return {
          ID: entry.id === undefined ? "<missing>" : shownId(entry.id, full),
          CreatedSince: human ? age(entry.created, environment.now()) : (entry.created ?? "N/A"),
          CreatedAt: entry.created ?? "N/A",
          CreatedBy: full || createdBy.length <= CREATED_BY_WIDTH ? createdBy : `${createdBy.slice(0, CREATED_BY_WIDTH - 1)}…`,
          Size: human ? humanSize(entry.size) : String(entry.size),
          Comment: entry.comment,
        };
      });
      const text = flags.has("quiet")
        ? rows.map((row) => `${row.ID}\n`).join("")
        : renderList(rows, COLUMNS, ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"], flags.one("format"));
      await print(environment.stdout, text);
      return EXIT.success;
    });
  },
};
