// Short texts about a run, for titles, lists and the status bar.

import { t } from "@vscode/l10n";
import { visible } from "../common/visible.ts";
import { describeBytes, type Progress } from "../common/progress.ts";
import type { RunInfo } from "./panel-messages.ts";

/** "Writing random weights 43 %"; of a download also "236 MB of 548 MB, 12 MB/s". */
export function progressPhrase({ stage, done, total, bytesPerSecond }: Progress): string {
  if (done === undefined || !total) return stage;
  const amount = bytesPerSecond === undefined ? "" : `, ${describeBytes(done, total, bytesPerSecond)}`;
  return `${stage} ${Math.floor((100 * done) / total)} %${amount}`;
}

/** What a run is busy with, as the status bar says it; `iteration` is the last that was told. */
export function statusPhrase({ phase, spec }: RunInfo, iteration: number): string {
  if (phase.kind === "preparing") return phase.progress ? progressPhrase(phase.progress) : t("Starting");
  if (phase.kind === "pausing") return t("Pausing");
  if (phase.kind === "paused") return t("Paused at {0}/{1}", iteration, spec.iterations);
  return phase.kind === "stopping" ? t("Stopping") : t("Iteration {0}/{1}", iteration, spec.iterations);
}

/** Any text as a message of VS Code, which would make a link of [words](command:…), and run it at a click. */
export const messageText = (text: string): string => visible(text).replaceAll("](", "] (");
