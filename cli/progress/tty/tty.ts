import { now as clock } from "../../../core/events.js";
import type { Reporter, ReporterOptions } from "../reporter.js";
import { frame } from "./frame.js";
import { LiveScreen } from "./live-screen.js";
import { ScreenTrace } from "./screen-trace.js";

/** Milliseconds between two frames. */
const INTERVAL = 100;
/** Lines of output below a running step; BUILDKIT_TTY_LOG_LINES changes it. */
const LOG_LINES = 6;
/** Size of terminals that do not report one. */
const SIZE = { columns: 80, rows: 24 } as const;

interface TtyOptions extends ReporterOptions {
  readonly logLines?: number;
  readonly now?: () => number;
}

/**
 * Returns the display for people at a terminal: every step on a line of its own, updated ten times
 * a second.
 */
export function ttyReporter({ stream, paint, logLines = LOG_LINES, now = clock }: TtyOptions): Reporter {
  const trace = new ScreenTrace(logLines);
  const screen = new LiveScreen((text) => void stream.write(text));
  let timer: NodeJS.Timeout | undefined;
  let finished = false;

  const draw = (): void => {
    const columns = stream.columns || SIZE.columns;
    const rows = finished ? undefined : (stream.rows || SIZE.rows) - 1;
    screen.draw(frame(trace, { columns, rows, now: now(), finished, paint }), columns);
  };

  return {
    onEvent(event) {
      if (finished) return;
      trace.apply(event);
      // A build that is done before the first frame is due is shown once.
      timer ??= setInterval(draw, INTERVAL).unref();
    },
    finish() {
      if (finished) return;
      finished = true;
      clearInterval(timer);
      if (trace.shown.size > 0) draw();
    },
    showsOutput: false,
  };
}
