// *Reproduce the Paper's Claims*: asks how much, or whether to go on with one that was stopped; runs the claims on the
// window's engine with progress and cancel, and opens the table.

import { readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { version } from "../../package.json";
import type { RunExperiment } from "../experiments/run-experiment.ts";
import type { TrainedCheckpoint } from "../reproduction/claim.ts";
import { tally } from "../reproduction/claims-table.ts";
import { claimsNamed, reproduce } from "../reproduction/run-claims.ts";
import { readReport } from "../reproduction/write-claims.ts";
import { progressPhrase } from "../session/phrases.ts";

const FOLDER = "reproductions";

/** A trained checkpoint that needs no download. */
export const BUNDLED = "mini";

/** `run` carries out one experiment; records and report go into a folder in the cache. Throws a LabError (storage). */
export async function reproduceClaims(
  run: RunExperiment,
  cacheFolder: string,
  trained: readonly TrainedCheckpoint[],
): Promise<void> {
  const all = path.join(cacheFolder, FOLDER);
  const createdAt = new Date().toISOString();
  const chosen = await askWhich(await newestUnfinished(all));
  if (!chosen) return;
  const { quick, name = createdAt.replace(/\.\d+/, "").replaceAll(":", "-") } = chosen;
  const folder = path.join(all, name);
  const head = {
    command: `inversion-lab reproduce${quick ? " --quick" : ""} --checkpoint ${BUNDLED}`,
    createdAt,
    version,
    machine: `${os.cpus()[0]?.model.trim() ?? process.arch}, ${os.cpus().length} cores`,
  };
  const claims = claimsNamed([]);
  const findings = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t("Reproducing the paper’s claims"),
      cancellable: true,
    },
    (progress, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      return reproduce(
        claims,
        { quick, trained },
        {
          folder,
          head,
          run,
          signal: stop.signal,
          onProgress: (told) => progress.report({ message: progressPhrase(told) }),
          onFinding: () => progress.report({ increment: 100 / claims.length }),
          now: () => performance.now(),
        },
      );
    },
  );
  const table = vscode.Uri.file(path.join(folder, "table.md"));
  await vscode.commands.executeCommand("markdown.showPreview", table);
  const openPage = vscode.l10n.t("Open Page");
  const showFiles = vscode.l10n.t("Show Files");
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t("Of the paper’s claims, {0}.", tally(findings)),
    openPage,
    showFiles,
  );
  const page = vscode.Uri.file(path.join(folder, "index.html"));
  if (answer === openPage) await vscode.env.openExternal(page);
  if (answer === showFiles) await vscode.commands.executeCommand("revealFileInOS", page);
}

interface Reproduction {
  readonly quick: boolean;
  readonly name?: string;
}

/** The newest of them, where not all of its claims had their turn. */
async function newestUnfinished(folder: string): Promise<Reproduction | undefined> {
  // They are named by when they began.
  const name = (await readdir(folder).catch(() => [])).sort().at(-1);
  const report = name === undefined ? undefined : await readReport(path.join(folder, name));
  return report?.complete === false ? { quick: report.scope.quick, name } : undefined;
}

/** Undefined when the person leaves. */
async function askWhich(unfinished: Reproduction | undefined): Promise<Reproduction | undefined> {
  const [quick, full] = [vscode.l10n.t("Quick"), vscode.l10n.t("Full")];
  return vscode.window.showQuickPick<vscode.QuickPickItem & Reproduction>(
    [
      ...(unfinished
        ? [
            {
              label: vscode.l10n.t("Go On"),
              description: unfinished.quick ? quick : full,
              detail: vscode.l10n.t("With the one that was stopped: what is finished of it is not repeated."),
              ...unfinished,
            },
          ]
        : []),
      {
        label: quick,
        description: vscode.l10n.t("4 seeds, shorter runs"),
        detail: vscode.l10n.t("About five minutes on two cores."),
        quick: true,
      },
      {
        label: full,
        description: vscode.l10n.t("10 seeds or more"),
        detail: vscode.l10n.t("About half an hour on two cores."),
        quick: false,
      },
    ],
    { title: vscode.l10n.t("Reproduce the Paper’s Claims"), placeHolder: vscode.l10n.t("How much is to be run?") },
  );
}
