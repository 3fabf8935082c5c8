// Progress on stderr: one line that moves in a terminal, one line a stage elsewhere.

import { describeBytes, describeTimeLeft, type OnProgress, type Progress } from "../common/progress.ts";
import { type CliContext, sized, tell } from "./io.ts";
import { fit } from "./visible-text.ts";

const BAR_CELLS = 30;

/** A bar of 30 cells, `share` of it (0…1) full. */
export function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR_CELLS);
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
}

/** "Writing random weights  ███░░░  about 9 s left" or, where the amount is not known, "Opening the network…". */
export function stageLine({ stage, done, total, bytesPerSecond, secondsLeft }: Progress): string {
  if (done === undefined || !total) return `${stage}…`;
  const amount = bytesPerSecond === undefined ? "" : describeBytes(done, total, bytesPerSecond);
  return [stage, bar(done / total), amount, describeTimeLeft(secondsLeft)].filter((part) => part !== "").join("  ");
}

export interface ProgressLine {
  readonly show: OnProgress;
  /** Takes the moving line away until the next one is shown. */
  clear(): void;
  close(): void;
}

export async function openProgressLine(context: CliContext): Promise<ProgressLine> {
  const { stderr, env } = context;
  if (stderr.isTTY && env.TERM !== "dumb") {
    const { createLogUpdate } = await import("log-update");
    const draw = createLogUpdate(sized(stderr) as unknown as NodeJS.WritableStream);
    return {
      show: (progress) => draw(fit([{ text: stageLine(progress) }], sized(stderr).columns)),
      clear: () => draw.clear(),
      close() {
        draw.clear();
        draw.done();
      },
    };
  }
  let stage = "";
  return {
    show(progress) {
      const { stage: next, secondsLeft } = progress;
      const wait = describeTimeLeft(secondsLeft);
      if (next !== stage) tell(context, wait === "" ? `${next}…` : `${next}, ${wait}…`);
      stage = next;
    },
    clear: () => undefined,
    close: () => undefined,
  };
}
