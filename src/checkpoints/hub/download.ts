// A download in a thread of its own, as seen from the thread that asked for it.

import { Worker } from "node:worker_threads";
import { LabError, messageOf, throwIfCancelled } from "../../common/errors.ts";
import type { OnProgress } from "../../common/progress.ts";
import type { Download, FromDownload } from "./download-worker.ts";
import type { Snapshot } from "./hub-cache.ts";

export interface DownloadOptions {
  /** Where the bundled `download-worker.ts` lies. */
  readonly workerPath: string;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** Downloads a model of the hub as fetchCheckpoint does, and throws what that throws. */
export async function downloadInWorker(download: Download, options: DownloadOptions): Promise<Snapshot> {
  const { workerPath, onProgress, signal } = options;
  throwIfCancelled(signal);
  // The token goes over in a message: arguments and environments can be seen by others.
  const worker = new Worker(workerPath, { workerData: download, execArgv: [] });
  const stop = () => worker.postMessage("stop");
  signal.addEventListener("abort", stop);
  try {
    return await new Promise<Snapshot>((resolve, reject) => {
      worker.on("message", (message: FromDownload) => {
        if (message.type === "progress") onProgress(message.progress);
        else if (message.type === "done") resolve(message.snapshot);
        else reject(new LabError(message.error.kind, message.error.message));
      });
      worker.on("error", (error) => reject(new LabError("engine", `The download broke off: ${messageOf(error)}`)));
      worker.on("exit", () => reject(new LabError("engine", "The download ended without a result.")));
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
