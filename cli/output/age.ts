const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Returns how long ago something was, in docker's words. `created` is ISO 8601, `now` milliseconds
 * since the epoch.
 */
export function age(created: string | undefined, now: number): string {
  const at = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(at) ? "N/A" : `${span(Math.max(0, (now - at) / 1000))} ago`;
}

/** Returns a span in seconds in the words of docker's `units.HumanDuration`. */
export function span(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 1) return "Less than a second";
  if (whole === 1) return "1 second";
  if (whole < MINUTE) return `${whole} seconds`;
  const minutes = Math.floor(seconds / MINUTE);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / HOUR + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(seconds / DAY);
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.floor(days / 7)} weeks`;
  if (days < 365 * 2) return `${Math.floor(days / 30)} months`;
  return `${Math.floor(days / 365)} years`;
}

/** Returns a time as docker's `{{.CreatedAt}}`, in UTC: `2026-01-31 12:00:00 +0000 UTC`. */
export function createdAt(created: string | undefined): string {
  const at = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(at) ? "N/A" : `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}
