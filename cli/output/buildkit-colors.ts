/** Names of the colours of `BUILDKIT_COLORS`, with their numbers in sequences of terminals. */
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** Parts of the progress with a colour: a completed step, a canceled one, an error, a warning. */
export type ColoredPart = "run" | "cancel" | "error" | "warning";

const PARTS: readonly string[] = ["run", "cancel", "error", "warning"] satisfies readonly ColoredPart[];

/**
 * Reads `BUILDKIT_COLORS`, such as `run=green:warning=light-yellow:error=255,0,0`, as functions
 * that colour a text. Passes over fields that it does not understand, as BuildKit does.
 */
export function buildkitColors(text: string | undefined): Readonly<Partial<Record<ColoredPart, (text: string) => string>>> {
  const fields = (text ?? "").split(":").map((field) => field.trim().split("="));
  return Object.fromEntries(
    fields.flatMap(([part = "", color = ""]) => {
      const code = colorCode(color.toLowerCase());
      return PARTS.includes(part) && code !== undefined ? [[part, (shown: string) => `\u001b[${code}m${shown}\u001b[39m`]] : [];
    }),
  );
}

function colorCode(color: string): string | undefined {
  const light = color.startsWith("light-");
  const index = NAMES.indexOf(light ? color.slice("light-".length) : color);
  if (index >= 0) return String((light ? 90 : 30) + index);
  const parts = /^(\d{1,3}),(\d{1,3}),(\d{1,3})$/.exec(color)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) ? `38;2;${parts.join(";")}` : undefined;
}
