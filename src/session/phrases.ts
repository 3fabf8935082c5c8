// Short texts about a run, for titles, lists and the status bar.

import { t } from "@vscode/l10n";
import { visible } from "../common/visible.ts";
import { countsRounds, progressFigure, type Reached } from "../describe/run-progress.ts";
import { describeBytes, describeTimeLeft, type Progress } from "../common/progress.ts";
import type { RunInfo } from "./panel-messages.ts";

/** "Writing random weights 43 %"; of a download also "236 MB of 548 MB, 12 MB/s", of a long wait "about 25 s left". */
export function progressPhrase({ stage, done, total, bytesPerSecond, secondsLeft }: Progress): string {
  if (done === undefined || !total) return stage;
  const amount = bytesPerSecond === undefined ? "" : `, ${describeBytes(done, total, bytesPerSecond)}`;
  const wait = describeTimeLeft(secondsLeft);
  return `${stage} ${Math.floor((100 * done) / total)} %${amount}${wait === "" ? "" : `, ${wait}`}`;
}

/** What a run is busy with, as the status bar says it; `reached` is what was told last. */
export function statusPhrase({ phase, spec }: RunInfo, reached: Reached): string {
  if (phase.kind === "preparing") return phase.progress ? progressPhrase(phase.progress) : t("Starting");
  if (phase.kind === "pausing") return t("Pausing");
  if (phase.kind === "paused") return t("Paused at {0}", progressFigure(spec, reached));
  if (phase.kind === "stopping") return t("Stopping");
  const figure = progressFigure(spec, reached);
  return countsRounds(spec) ? t("Recovering: {0}", figure) : t("Iteration {0}", figure);
}

/** Any text as a message of VS Code, which would make a link of [words](command:…), and run it at a click. */
export const messageText = (text: string): string => visible(text).replaceAll("](", "] (");
