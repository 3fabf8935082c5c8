// How a run is shown where nobody watches: as JSON lines for programs, or as plain lines in a pipe.

import { jsonLine } from "../common/json-lines.ts";
import type { Progress } from "../common/progress.ts";
import type { RunEvent, StartEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { PLAIN, print, type CliContext, tell } from "./io.ts";
import type { ProgressLine } from "./progress-line.ts";
import { counted } from "../common/counts.ts";
import { figure } from "../common/number-format.ts";
import { conditionLines } from "../describe/run-condition.ts";
import { beforeFirst, type FirstIterations, hasFirstIterations, withShown } from "../describe/exact-when.ts";
import { countsRounds } from "../describe/run-progress.ts";
import { tokensRight } from "../describe/tokens-right.ts";
import { decoded, fitLine, roundParts, summary } from "./run-summary.ts";
import { visible } from "../common/visible.ts";

export interface RunView {
  progress(progress: Progress): void;
  show(event: RunEvent): Promise<void>;
  log(line: string): void;
  /** Leaves the terminal as a shell wants it, whatever came of the run. */
  close(): void;
}

export const jsonView = (context: CliContext): RunView => ({
  progress: () => undefined,
  show: (event) => print(context, jsonLine(event)),
  log: (line) => tell(context, line),
  close: () => undefined,
});

/** One line for each shown iteration of each restart; progress goes to stderr. */
export function plainView(spec: ExperimentSpec, context: CliContext, progress: ProgressLine): RunView {
  let start: StartEvent | undefined;
  const firsts: FirstIterations[] = [];
  const printLines = (lines: readonly string[]) => print(context, lines.map((line) => `${visible(line)}\n`).join(""));

  return {
    progress: progress.show,
    async show(event) {
      switch (event.type) {
        case "start":
          start = event;
          progress.close();
          return printLines([
            ...conditionLines(spec),
            [
              counted(event.target.tokenIds.length, "token"),
              event.fit ? `ranked by ${fitLine(event.fit)}` : `noise threshold ${figure(event.shiftDistance)}`,
              event.device,
            ].join(" · "),
          ]);
        case "step": {
          const { restart, iteration, tokenIds } = event;
          const target = start!.target.tokenIds;
          const right = tokensRight(tokenIds, target);
          firsts[restart] = withShown(firsts[restart] ?? beforeFirst(target.length), iteration, tokenIds, target);
          const isFirst = hasFirstIterations(spec) && firsts[restart].firstExactIteration === iteration;
          const text = decoded(event, start!, PLAIN)
            .map(({ text }) => text)
            .join("");
          if (countsRounds(spec)) return printLines([[...roundParts(event), text].join("  ")]);
          return printLines([
            [
              `iteration ${String(iteration).padStart(String(spec.iterations).length)}/${spec.iterations}`,
              ...(spec.restarts > 1 ? [`restart ${String(restart + 1).padStart(2)}`] : []),
              `output distance ${figure(event.outputDistance).padStart(7)}`,
              `input distance ${figure(event.inputDistance).padStart(7)}`,
              `${right}/${tokenIds.length} correct${isFirst ? ", first exact" : ""}`,
              text,
            ].join("  "),
          ]);
        }
        case "end":
          return printLines(summary(event, start!));
      }
    },
    log: (line) => tell(context, line),
    close: () => progress.close(),
  };
}
