// How a sweep stands: what is going on, and each state in words.

import { t } from "@vscode/l10n";

export type SweepStateName =
  "idle" | "waiting" | "running" | "pausing" | "paused" | "stopping" | "completed" | "failed";

/** Is the sweep to go on by itself? */
export const isGoingOn = ({ phase: { kind } }: { readonly phase: { readonly kind: SweepStateName } }): boolean =>
  ["waiting", "running", "pausing", "stopping"].includes(kind);

export function sweepStateName(state: SweepStateName): string {
  switch (state) {
    case "idle":
      return t("Stopped");
    case "waiting":
      return t("Waiting");
    case "running":
      return t("Running");
    case "pausing":
      return t("Pausing after this run");
    case "paused":
      return t("Paused");
    case "stopping":
      return t("Stopping");
    case "completed":
      return t("Done");
    case "failed":
      return t("Failed");
  }
}
