// Chooses how a run is shown: as JSON lines for programs, as plain lines in a pipe, or live in a terminal.

import type { ExperimentSpec } from "../experiments/spec.ts";
import { type CliContext, isLive } from "./io.ts";
import { openProgressLine } from "./progress-line.ts";
import { jsonView, plainView, type RunView } from "./run-views.ts";

export async function openView(spec: ExperimentSpec, json: boolean, context: CliContext): Promise<RunView> {
  if (json) return jsonView(context);
  if (!isLive(context)) return plainView(spec, context, await openProgressLine(context));
  const { LiveView } = await import("./live-view.ts");
  return new LiveView(spec, context);
}
