// *Show Devices*: what networks can run on here, what each device does, and what to do about the ones that do not work.
// A device that is picked becomes the setting.

import * as vscode from "vscode";
import { formatBytes } from "../common/bytes.ts";
import {
  checkCudaPlatform,
  fetchCudaLibraries,
  findCudaPackage,
  runtimeFolder,
} from "../runtime/devices/cuda-libraries.ts";
import { type DeviceSurvey, surveyDevices, type TriedDevice } from "../runtime/devices/device-choice.ts";
import { describeCard, describeDevices, statusPhrase } from "../runtime/devices/device-report.ts";
import { messageText } from "../session/phrases.ts";

interface DeviceOptions {
  readonly cacheFolder: string;
  readonly trialProgram: string;
}

interface Entry extends vscode.QuickPickItem {
  readonly act?: () => Promise<void>;
}

export async function showDevices(options: DeviceOptions): Promise<void> {
  const list = vscode.window.createQuickPick<Entry>();
  const left = new AbortController();
  const again: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("refresh"),
    tooltip: vscode.l10n.t("Try Again"),
  };
  list.title = vscode.l10n.t("Devices");
  list.buttons = [again];
  list.ignoreFocusOut = true;
  list.matchOnDetail = true;

  const survey = async (): Promise<void> => {
    list.busy = true;
    list.items = [];
    try {
      const onTrial = (label: string) => (list.placeholder = vscode.l10n.t("Trying {0}…", label));
      const found = await surveyDevices({ ...options, onTrial, signal: left.signal });
      list.items = entries(found, options);
      list.placeholder = vscode.l10n.t("Pick the device that networks run on");
    } finally {
      list.busy = false;
    }
  };

  const picked = new Promise<Entry | undefined>((resolve, reject) => {
    const begin = () => {
      survey().catch((error: unknown) => {
        if (!left.signal.aborted) reject(error instanceof Error ? error : new Error(String(error)));
      });
    };
    list.onDidTriggerButton(begin);
    list.onDidAccept(() => {
      const [entry] = list.selectedItems;
      if (entry) resolve(entry);
    });
    list.onDidHide(() => resolve(undefined));
    list.show();
    begin();
  }).finally(() => {
    left.abort();
    list.dispose();
  });
  await (await picked)?.act?.();
}

function entries(survey: DeviceSurvey, options: DeviceOptions): Entry[] {
  const { automatic, devices, cards } = survey;
  const lacksCuda = devices.some(({ device, status }) => device === "cuda" && status === "fails");
  const fetchable = lacksCuda && cards.some(({ name }) => name.includes("NVIDIA"));
  return [
    {
      label: "auto",
      description: `${vscode.l10n.t("means {0} here", automatic)}${inUse("auto")}`,
      act: () => setDevice("auto"),
    },
    ...devices.map((tried) => deviceEntry(tried)),
    {
      label: cards.map(describeCard).join(", ") || vscode.l10n.t("No graphics card"),
      kind: vscode.QuickPickItemKind.Separator,
    },
    ...(fetchable
      ? [{ label: `$(cloud-download) ${vscode.l10n.t("Fetch CUDA's Libraries…")}`, act: () => fetchCuda(options) }]
      : []),
    { label: `$(copy) ${vscode.l10n.t("Copy Report")}`, act: () => copy(describeDevices(survey).join("\n")) },
  ];
}

function deviceEntry(tried: TriedDevice): Entry {
  const { device, label, status, reason, fix } = tried;
  return {
    label: device,
    description: `${label} · ${statusPhrase(tried)}${inUse(device)}`,
    detail: fix ? `${reason} ${fix}` : reason,
    act: async () => {
      if (status !== "fails") return setDevice(device);
      const sentence = vscode.l10n.t("The device {0} does not work here.", device);
      await vscode.window.showWarningMessage(messageText(`${sentence} ${reason} ${fix ?? ""}`.trim()));
    },
  };
}

const inUse = (device: string): string =>
  vscode.workspace.getConfiguration("inversionLab").get("device") === device
    ? ` · ${vscode.l10n.t("your setting")}`
    : "";

async function setDevice(device: string): Promise<void> {
  await vscode.workspace.getConfiguration("inversionLab").update("device", device, vscode.ConfigurationTarget.Global);
  void vscode.window.setStatusBarMessage(
    vscode.l10n.t("Inversion Lab: networks run on {0} from the next run on.", device),
    5000,
  );
}

async function copy(report: string): Promise<void> {
  await vscode.env.clipboard.writeText(report);
  void vscode.window.setStatusBarMessage(vscode.l10n.t("Inversion Lab: the report is in the clipboard."), 5000);
}

async function fetchCuda(options: DeviceOptions): Promise<void> {
  checkCudaPlatform(process);
  const found = await findCudaPackage();
  const download = vscode.l10n.t("Download");
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t("Download the CUDA libraries of ONNX Runtime {0}?", found.version),
    {
      modal: true,
      detail: vscode.l10n.t("{0} from {1}, checked against NuGet's SHA-512.", formatBytes(found.bytes), found.url),
    },
    download,
  );
  if (answer !== download) return;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Inversion Lab", cancellable: true },
    async (progress, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      let shown = 0;
      await fetchCudaLibraries(found, {
        cacheFolder: options.cacheFolder,
        runtimeFolder: runtimeFolder(options.trialProgram, process),
        signal: stop.signal,
        onProgress: ({ stage, done = 0, total }) => {
          const percent = total ? Math.floor((100 * done) / total) : shown;
          progress.report({ message: stage, increment: percent - shown });
          shown = percent;
        },
      });
    },
  );
  await showDevices(options);
}
