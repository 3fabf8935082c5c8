// Sweeps to take as they are or to begin from: the files in docs/sweeps, which docs/EXACT-RECOVERY.md has the results of.

import { t } from "@vscode/l10n";
import channels from "../../docs/sweeps/channels-by-depth.sweep.json";
import noise from "../../docs/sweeps/noise-by-depth.sweep.json";
import random from "../../docs/sweeps/random-against-trained.sweep.json";
import rounding from "../../docs/sweeps/rounding-by-depth.sweep.json";
import { draftOf } from "./sweep-draft.ts";
import { SWEEP_ENDING, sweepOfFile } from "./sweep-files.ts";
import type { ReadySweep } from "./view-data.ts";

const FILES = [
  ["noise-by-depth", () => t("Noise on the states, by depth"), noise],
  ["rounding-by-depth", () => t("Rounded states, by depth"), rounding],
  ["channels-by-depth", () => t("Dropped channels, by depth"), channels],
  ["random-against-trained", () => t("Noise on random and trained weights"), random],
] as const;

export const readySweeps = (): readonly ReadySweep[] =>
  FILES.map(([name, title, content]) => {
    const sweep = sweepOfFile(content, name + SWEEP_ENDING, "/");
    return { name, title: title(), draft: draftOf(sweep), charts: sweep.charts ?? [] };
  });
