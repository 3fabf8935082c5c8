// `inversion-lab sweep FILE`: carries out the runs of a *.sweep.json (or the one of a *.inversion.json) that are not there
// yet, and writes the tables of all.

import { subjectOf } from "../describe/spec-subject.ts";
import path from "node:path";
import { LabError, messageOf } from "../common/errors.ts";
import { jsonLine } from "../common/json-lines.ts";
import { visible, visibleLines } from "../common/visible.ts";
import type { Outcome, SweepProgress } from "../sweeps/perform-sweep.ts";
import { EXIT, print, type CliContext, tell } from "./io.ts";
import { openProgressLine } from "./progress-line.ts";
import { counted } from "../common/counts.ts";
import { duration, figure } from "../common/number-format.ts";
import { LARGEST_TEXT, readPlainText } from "../common/plain-file.ts";

export interface SweepFlags {
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly cache?: string;
}

/** Resolves to the exit code. Throws LabErrors, and OutputClosed. */
export async function sweepFile(file: string, flags: SweepFlags, context: CliContext): Promise<number> {
  const { axesText, cellsOf, folderOf, parseExperimentFile } = await import("../sweeps/sweep-files.ts");
  const { Estimate } = await import("../sweeps/estimate.ts");
  const { finishedOutcomes, performSweep, timesOf } = await import("../sweeps/perform-sweep.ts");
  const { RESULTS_CSV, RESULTS_MARKDOWN, resultsMarkdown, writeResults } = await import("../sweeps/sweep-results.ts");
  const { chartFile } = await import("../sweeps/sweep-chart.ts");
  const text = await readPlainText(file, LARGEST_TEXT).catch((error: unknown) => {
    throw new LabError("badInput", `${file} cannot be read: ${messageOf(error)}.`, { cause: error });
  });
  const sweep = parseExperimentFile(text, file, path.dirname(path.resolve(file)));
  const cells = cellsOf(sweep, file);
  const folder = path.resolve(flags.out ?? folderOf(file));
  const say = (line: string) => print(context, `${visible(line)}\n`);

  const before = await finishedOutcomes(cells, folder);
  const head = { type: "sweep", runs: cells.length, finished: before.size, folder };
  if (flags.json) await print(context, jsonLine(head));
  else await say(`${counted(cells.length, "run")}, ${before.size} of them finished, in ${folder}`);
  if (flags.dryRun) {
    for (const { axes, spec, name } of cells) {
      const finished = before.has(name);
      if (flags.json) await print(context, jsonLine({ type: "run", axes, finished, name, spec }));
      else await say(`${finished ? "finished" : "to do   "}  ${axesText(axes) || JSON.stringify(subjectOf(spec))}`);
    }
    const left = cells.filter(({ name }) => !before.has(name)).map(({ spec }) => spec);
    const remaining = new Estimate(timesOf(before.values())).of(left);
    if (!flags.json && remaining !== undefined && left.length > 0) await say(`About ${duration(remaining)} left.`);
    return EXIT.done;
  }

  const progress = flags.json ? undefined : await openProgressLine(context);
  const engine = context.createEngine(flags.cache ?? context.cacheFolder, (line) => {
    progress?.clear();
    tell(context, line);
  });
  const began = context.now();
  const onOutcome = async (outcome: Outcome, reached: SweepProgress) => {
    const { cell, folder, status, restarts, elapsedMs, error } = outcome;
    const exact = restarts.filter((restart) => restart.exact).length;
    const best = restarts.toSorted((a, b) => a.outputDistance - b.outputDistance)[0];
    if (flags.json) {
      const { axes } = cell;
      const told = {
        type: "run",
        ...reached,
        axes,
        status,
        folder,
        elapsedMs,
        exact,
        restarts,
        ...(error && { error }),
      };
      return print(context, jsonLine(told));
    }
    progress?.clear();
    const came = error
      ? error.message
      : `${exact} of ${restarts.length} exact, output distance ${figure(best.outputDistance)}`;
    const what = axesText(cell.axes) || JSON.stringify(subjectOf(cell.spec));
    await say(
      `${String(reached.finished).padStart(String(reached.runs).length)}/${reached.runs}  ${what}: ${came}, ${duration(elapsedMs)}`,
    );
  };
  try {
    const { signal } = context;
    const outcomes = await performSweep(cells, {
      folder,
      run: engine.run.bind(engine),
      signal,
      onProgress: progress?.show,
      onOutcome,
      now: () => context.now(),
    });
    await writeResults(folder, outcomes, sweep.charts);
    progress?.close();
    const failed = outcomes.filter(({ status }) => status === "failed").length;
    const left = cells.length - outcomes.length;
    const elapsedMs = context.now() - began;
    const status = left > 0 ? "cancelled" : failed > 0 ? "failed" : "completed";
    if (flags.json) {
      await print(
        context,
        jsonLine({ type: "end", status, completed: outcomes.length - failed, failed, left, elapsedMs }),
      );
    } else {
      await print(context, `\n${visibleLines(resultsMarkdown(outcomes))}\n`);
      await say(
        `${[path.join(folder, RESULTS_CSV), RESULTS_MARKDOWN, ...(sweep.charts ?? []).map(chartFile)].join(", ")}; ${duration(elapsedMs)}`,
      );
      if (left > 0) tell(context, `Stopped with ${counted(left, "run")} left: the same command goes on with them.`);
      if (failed > 0) tell(context, `${counted(failed, "run")} of ${cells.length} failed.`);
    }
    if (left > 0) return EXIT.cancelled;
    return failed > 0 ? EXIT.failed : EXIT.done;
  } finally {
    progress?.close();
    await engine.dispose();
  }
}
