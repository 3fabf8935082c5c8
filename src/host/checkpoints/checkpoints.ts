// Checkpoints in VS Code: which one is chosen, what there is to choose from, downloads, the disk, and the hub's token.

import { stat } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { readConfig } from "../../checkpoints/config.ts";
import { downloadInWorker } from "../../checkpoints/hub/download.ts";
import { downloadSize } from "../../checkpoints/hub/hub.ts";
import { isBuiltIn } from "../../session/trust.ts";
import { cachedSnapshot } from "../../checkpoints/hub/hub-cache.ts";
import { modelName } from "../../describe/run-condition.ts";
import { parseHubId, shortHubSource } from "../../checkpoints/hub/hub-id.ts";
import { type HubSettings, hubSettings } from "../../checkpoints/hub/hub-settings.ts";
import { RANDOM, randomNetwork } from "../../checkpoints/generated/random-network.ts";
import { deleteCheckpoint, type KnownCheckpoint, listCheckpoints } from "../../checkpoints/open.ts";
import { formatBytes } from "../../common/bytes.ts";
import { homeFolder } from "../../common/folders.ts";
import { LabError, messageOf } from "../../common/errors.ts";
import { describeBytes } from "../../common/progress.ts";
import { deleteFits, listFits } from "../../engine/state-fits.ts";
import type { NetworkConfig } from "../../networks/architectures/architecture.ts";
import {
  type CheckpointAnswer,
  checkpointChoices,
  describeDeletion,
  knownConfig,
  type ManagedCheckpoint,
  managedCheckpoints,
  type Stored,
} from "../../session/checkpoint-choices.ts";
import type { Report } from "../error-reporter.ts";
import { messageText } from "../../session/phrases.ts";

const TOKEN = "huggingFaceToken";
const SETTING = "checkpoint";

/** A checkpoint as a quick pick lists it; separators have no answer. */
type CheckpointItem = vscode.QuickPickItem & { readonly answer?: CheckpointAnswer };

interface CheckpointsOptions {
  readonly extensionUri: vscode.Uri;
  readonly secrets: vscode.SecretStorage;
  readonly report: Report;
  /** Where the lab's own files are. Throws a LabError. */
  readonly cacheFolder: () => string;
}

export class Checkpoints implements vscode.Disposable {
  readonly #options: CheckpointsOptions;
  readonly #status: vscode.StatusBarItem;
  readonly #listener: vscode.Disposable;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#status = vscode.window.createStatusBarItem("inversionLab.checkpoint", vscode.StatusBarAlignment.Left, -2);
    this.#status.name = vscode.l10n.t("Inversion Lab: Checkpoint");
    this.#status.command = "inversionLab.chooseCheckpoint";
    this.#listener = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`inversionLab.${SETTING}`)) this.#showChoice();
    });
    this.#showChoice();
  }

  dispose(): void {
    this.#listener.dispose();
    this.#status.dispose();
  }

  async hub(): Promise<HubSettings> {
    // A machine without a place for secrets has no token there.
    const token = await this.#options.secrets.get(TOKEN).then(undefined, () => undefined);
    return { ...hubSettings(process.env, process.platform, homeFolder()), ...(token && { token }) };
  }

  async choose(): Promise<void> {
    const answer = await this.#ask();
    const source = answer && (await this.obtain(answer));
    if (source !== undefined) await this.#use(source);
  }

  async #ask(): Promise<CheckpointAnswer | undefined> {
    const input = vscode.window.createQuickPick<CheckpointItem>();
    input.title = vscode.l10n.t("Choose Checkpoint");
    input.placeholder = vscode.l10n.t("The network whose layers are inverted");
    input.matchOnDescription = true;
    input.matchOnDetail = true;
    input.busy = true;
    const answer = new Promise<CheckpointAnswer | undefined>((resolve) => {
      input.onDidHide(() => resolve(undefined));
      input.onDidAccept(() => resolve(input.selectedItems[0]?.answer));
    });
    input.show();
    try {
      input.items = await this.items();
      input.activeItems = input.items.filter((item) => isNamed(item, chosen()));
      input.busy = false;
      return await answer;
    } finally {
      input.dispose();
    }
  }

  /** Gets what was answered and names it; undefined when the person leaves, or where it failed and was told. */
  async obtain(answer: CheckpointAnswer): Promise<string | undefined> {
    switch (answer.kind) {
      case "use":
        return answer.source;
      case "download":
        return (await this.download(answer.source)) ? answer.source : undefined;
      case "askHubId": {
        const source = await askHubId();
        return source !== undefined && (await this.download(source)) ? source : undefined;
      }
      case "askFolder": {
        const folder = await askFolder();
        if (folder !== undefined) await this.configOf(folder);
        return folder;
      }
    }
  }

  async items(): Promise<CheckpointItem[]> {
    const [known, mini] = await Promise.all([this.#known(), this.configOf("mini").catch(() => undefined)]);
    const choices = checkpointChoices({ known, mini, current: chosen() });
    return choices.flatMap(({ group, ...choice }, index) => [
      ...(group === choices[index - 1]?.group ? [] : [{ label: group, kind: vscode.QuickPickItemKind.Separator }]),
      choice,
    ]);
  }

  /** Downloads what the cache lacks of a model, in a thread of its own; false when it failed or was stopped, and was told. */
  async download(source: string): Promise<boolean> {
    const hub = await this.hub();
    const workerPath = vscode.Uri.joinPath(this.#options.extensionUri, "dist", "download-worker.cjs").fsPath;
    try {
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: source, cancellable: true },
        async (notification, token) => {
          const stop = new AbortController();
          token.onCancellationRequested(() => stop.abort());
          let shown = 0;
          const download = { source, hub };
          await downloadInWorker(download, {
            workerPath,
            signal: stop.signal,
            onProgress: ({ stage, done = 0, total = 0, bytesPerSecond }) => {
              if (bytesPerSecond === undefined) return notification.report({ message: `${stage}…` });
              const share = (100 * done) / total;
              // config.json is a download of its own, of a kilobyte.
              const increment = total < 1e6 ? 0 : Math.max(0, share - shown);
              shown += increment;
              notification.report({ message: describeBytes(done, total, bytesPerSecond), increment });
            },
          });
        },
      );
      return true;
    } catch (error) {
      if (error instanceof LabError && error.kind === "cancelled") return false;
      if (error instanceof LabError && error.kind === "access") this.#offerToken(error.message);
      else this.#options.report(error);
      return false;
    }
  }

  /** The sizes of a checkpoint; of one that is on the disk by its config.json. Throws a LabError (checkpoint). */
  async configOf(source: string): Promise<NetworkConfig> {
    const known = knownConfig(source);
    if (known) return known;
    if (source.startsWith(RANDOM)) return (await randomNetwork(source, 0)).config;
    const folder = await this.#folderOf(source);
    try {
      return (await readConfig(path.join(folder, "config.json"))).config;
    } catch (error) {
      if (error instanceof LabError) throw error;
      throw new LabError(
        "checkpoint",
        `${source} is not a checkpoint: its config.json cannot be read (${messageOf(error)}).`,
        { cause: error },
      );
    }
  }

  /** Asks before weights are downloaded that a file names, which nobody may have read. Throws LabErrors. */
  async mayDownload(file: string, sources: readonly string[]): Promise<boolean> {
    const hub = await this.hub();
    const missing: string[] = [];
    for (const source of sources.filter((each) => !isBuiltIn(each))) {
      const isFolder = (await stat(source).catch(() => undefined))?.isDirectory();
      const id = isFolder ? undefined : parseHubId(source);
      if (!id || hub.offline || (await cachedSnapshot(hub.cacheFolder, id))) continue;
      missing.push(`${source}: ${formatBytes(await downloadSize(id, hub))}`);
    }
    if (missing.length === 0) return true;
    const yes = vscode.l10n.t("Download");
    const message = vscode.l10n.t("{0} needs weights that are not on this machine.", file);
    return (await vscode.window.showWarningMessage(message, { modal: true, detail: missing.join("\n") }, yes)) === yes;
  }

  async manage(): Promise<void> {
    const trash: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon("trash"),
      tooltip: vscode.l10n.t("Delete…"),
    };
    const reveal: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon("copy"),
      tooltip: vscode.l10n.t("Copy Folder's Path"),
    };
    type Item = vscode.QuickPickItem & { readonly managed?: ManagedCheckpoint };
    const input = vscode.window.createQuickPick<Item>();
    const fill = async () => {
      input.busy = true;
      const known = [...(await this.#known()), ...(await listFits(this.#options.cacheFolder()))];
      const total = known.reduce((sum, { bytes }) => sum + bytes, 0);
      input.title = vscode.l10n.t("Checkpoints on this machine: {0}", formatBytes(total));
      input.placeholder =
        known.length > 0
          ? vscode.l10n.t("Choose one to delete it")
          : vscode.l10n.t("No weights are on this machine yet");
      input.items = managedCheckpoints(known).map((managed) => ({
        label: managed.label,
        description: managed.description,
        detail: managed.detail,
        buttons: [reveal, trash],
        managed,
      }));
      input.busy = false;
    };
    const remove = async (item: Item | undefined) => {
      if (!item?.managed) return;
      await this.#delete(item.managed.stored);
      await fill();
      input.show();
    };
    input.matchOnDescription = true;
    input.matchOnDetail = true;
    input.ignoreFocusOut = true;
    input.onDidTriggerItemButton(({ item, button }) => {
      if (button === trash) return void remove(item).catch(this.#options.report);
      void vscode.env.clipboard.writeText(item.managed?.detail ?? "");
    });
    input.onDidAccept(() => void remove(input.selectedItems[0]).catch(this.#options.report));
    input.title = vscode.l10n.t("Checkpoints on this machine");
    input.busy = true;
    input.show();
    await fill();
  }

  async setToken(): Promise<void> {
    const before = await this.#options.secrets.get(TOKEN);
    const token = await vscode.window.showInputBox({
      title: vscode.l10n.t("Set Hugging Face Token"),
      prompt: before
        ? vscode.l10n.t(
            "For models that are private or gated. It is kept in VS Code's secret storage and sent to the hub only; leave " +
              "this empty to forget the one that is kept.",
          )
        : vscode.l10n.t(
            "For models that are private or gated. It is kept in VS Code's secret storage and sent to the hub only.",
          ),
      placeHolder: "hf_…",
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) =>
        /^[\x21-\x7e]*$/.test(text.trim()) ? undefined : vscode.l10n.t("A token has letters, digits and signs only."),
    });
    if (token === undefined) return;
    if (token.trim() === "") await this.#options.secrets.delete(TOKEN);
    else await this.#options.secrets.store(TOKEN, token.trim());
    void vscode.window.showInformationMessage(
      token.trim() === ""
        ? vscode.l10n.t("The Hugging Face token is forgotten.")
        : vscode.l10n.t("The Hugging Face token is kept."),
    );
  }

  async #known(): Promise<KnownCheckpoint[]> {
    return listCheckpoints(this.#options.cacheFolder(), await this.hub());
  }

  async #folderOf(source: string): Promise<string> {
    if (source === "mini") return vscode.Uri.joinPath(this.#options.extensionUri, "models", "mini").fsPath;
    const isFolder = (await stat(source).catch(() => undefined))?.isDirectory();
    const id = isFolder ? undefined : parseHubId(source);
    return (id && (await cachedSnapshot((await this.hub()).cacheFolder, id))?.folder) ?? source;
  }

  /** Writes the choice where the setting comes from now, or into the person's own settings. */
  async #use(source: string): Promise<void> {
    const configuration = vscode.workspace.getConfiguration("inversionLab");
    const inWorkspace = configuration.inspect<string>(SETTING)?.workspaceValue !== undefined;
    const target = inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
    await configuration.update(SETTING, source, target);
    this.#showChoice();
  }

  async #delete(stored: Stored): Promise<void> {
    const { message, detail } = describeDeletion(stored);
    const yes = vscode.l10n.t("Delete");
    if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, yes)) !== yes) return;
    await (stored.kind === "fits" ? deleteFits(stored) : deleteCheckpoint(stored));
  }

  #offerToken(message: string): void {
    void vscode.window
      .showErrorMessage(messageText(message), vscode.l10n.t("Set Hugging Face Token…"))
      .then((answer) => {
        if (answer) void vscode.commands.executeCommand("inversionLab.setToken");
      });
  }

  #showChoice(): void {
    const source = chosen() ?? "";
    const name = shortHubSource(modelName(source));
    this.#status.text = `$(server) ${name}`;
    this.#status.tooltip = vscode.l10n.t("Inversion Lab takes its weights from {0}. Click to choose others.", source);
    this.#status.accessibilityInformation = {
      label: vscode.l10n.t("Inversion Lab, checkpoint {0}", source),
      role: "button",
    };
    this.#status.show();
  }
}

export const isNamed = ({ answer }: CheckpointItem, source: string | undefined): boolean =>
  answer !== undefined && "source" in answer && answer.source === source;

const chosen = (): string | undefined => vscode.workspace.getConfiguration("inversionLab").get<string>(SETTING);

const askHubId = (): Thenable<string | undefined> =>
  vscode.window
    .showInputBox({
      title: vscode.l10n.t("A Model of the Hugging Face Hub"),
      prompt: vscode.l10n.t("Its name, and after @ a branch, tag or commit if you want a certain one"),
      placeHolder: "openai-community/gpt2",
      ignoreFocusOut: true,
      validateInput: (text) =>
        parseHubId(text.trim()) ? undefined : vscode.l10n.t("It is to look like owner/name or owner/name@revision."),
    })
    .then((text) => text?.trim());

async function askFolder(): Promise<string | undefined> {
  const folders = await vscode.window.showOpenDialog({
    title: vscode.l10n.t("A checkpoint's folder"),
    openLabel: vscode.l10n.t("Use Checkpoint"),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return folders?.[0]?.fsPath;
}
