// How a run stands: which states are alike, and each as a word.

import { t } from "@vscode/l10n";

export type RunStateName =
  | "waiting"
  | "preparing"
  | "running"
  | "pausing"
  | "paused"
  | "stopping"
  | "external"
  | "completed"
  | "cancelled"
  | "interrupted"
  | "failed";

interface Run {
  readonly phase: { readonly kind: RunStateName };
}

/** Is it, of this session's runs, still to come to its end? */
export const isActive = (run: Run): boolean => canStop(run) || run.phase.kind === "stopping";

/** Can it still be stopped? */
export const canStop = ({ phase: { kind } }: Run): boolean =>
  ["waiting", "preparing", "running", "pausing", "paused"].includes(kind);

/** Is it over, in whatever way? Nobody works on it any more, nor is to. */
export const isOver = (run: Run): boolean => !isActive(run) && run.phase.kind !== "external";

/** The state as a word, for those who do not see an icon. */
export function stateName(state: RunStateName): string {
  switch (state) {
    case "waiting":
      return t("queued");
    case "preparing":
      return t("starting");
    case "running":
      return t("running");
    case "pausing":
      return t("pausing");
    case "paused":
      return t("paused");
    case "stopping":
      return t("stopping");
    case "external":
      return t("running elsewhere");
    case "completed":
      return t("done");
    case "cancelled":
      return t("stopped");
    case "interrupted":
      return t("interrupted");
    case "failed":
      return t("failed");
  }
}
