// *Reproduce the Source's Claims*: asks how much, runs them on the window's engine with progress and cancel, and opens
// the table.

import os from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { version } from "../../package.json";
import type { RunExperiment } from "../experiments/run-experiment.ts";
import { claimsNamed, type Finding, reproduce } from "../reproduction/run-claims.ts";
import { tally } from "../reproduction/claims-table.ts";
import { trainedCheckpoint } from "../reproduction/twins.ts";
import { writeReport } from "../reproduction/write-claims.ts";
import { progressPhrase } from "../session/phrases.ts";

/** Folder in the cache that holds one folder a reproduction. */
const FOLDER = "reproductions";

/** A trained checkpoint that needs no download. */
const BUNDLED = "mini";

/** `run` carries out one experiment; the report goes into a folder of its own in the cache. Throws a LabError (storage). */
export async function reproduceClaims(run: RunExperiment, cacheFolder: string): Promise<void> {
  const quick = await askHowMuch();
  if (quick === undefined) return;
  const createdAt = new Date().toISOString();
  const folder = path.join(cacheFolder, FOLDER, createdAt.replace(/\.\d+/, "").replaceAll(":", "-"));
  const head = {
    command: `inversion-lab reproduce${quick ? " --quick" : ""} --checkpoint ${BUNDLED}`,
    createdAt,
    version,
    machine: `${os.cpus()[0]?.model.trim() ?? process.arch}, ${os.cpus().length} cores`,
  };
  const claims = claimsNamed([]);
  const findings: Finding[] = [];
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t("Reproducing the source’s claims"),
      cancellable: true,
    },
    async (progress, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      const options = {
        run,
        signal: stop.signal,
        onProgress: (told: Parameters<typeof progressPhrase>[0]) => progress.report({ message: progressPhrase(told) }),
        now: () => performance.now(),
      };
      const scope = { quick, trained: [trainedCheckpoint(BUNDLED)] };
      for await (const finding of reproduce(claims, scope, options)) {
        findings.push(finding);
        await writeReport(folder, findings, head);
        progress.report({ increment: 100 / claims.length });
      }
    },
  );
  const table = vscode.Uri.file(path.join(folder, "table.md"));
  await vscode.commands.executeCommand("markdown.showPreview", table);
  const openPage = vscode.l10n.t("Open Page");
  const showFiles = vscode.l10n.t("Show Files");
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t("Of the source’s claims, {0}.", tally(findings)),
    openPage,
    showFiles,
  );
  const page = vscode.Uri.file(path.join(folder, "index.html"));
  if (answer === openPage) await vscode.env.openExternal(page);
  if (answer === showFiles) await vscode.commands.executeCommand("revealFileInOS", page);
}

/** Undefined when the person leaves. */
async function askHowMuch(): Promise<boolean | undefined> {
  const answer = await vscode.window.showQuickPick(
    [
      {
        label: vscode.l10n.t("Quick"),
        description: vscode.l10n.t("4 seeds, shorter runs"),
        detail: vscode.l10n.t("About five minutes on two cores."),
        quick: true,
      },
      {
        label: vscode.l10n.t("Full"),
        description: vscode.l10n.t("10 seeds or more"),
        detail: vscode.l10n.t("About half an hour on two cores."),
        quick: false,
      },
    ],
    { title: vscode.l10n.t("Reproduce the Source’s Claims"), placeHolder: vscode.l10n.t("How much is to be run?") },
  );
  return answer?.quick;
}
