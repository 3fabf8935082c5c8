// The thread that downloads for VS Code: hashing and writing some gigabytes would hold up the extension host's own.

import { parentPort, workerData } from "node:worker_threads";
import { errorData, type LabErrorData } from "../../common/errors.ts";
import type { Progress } from "../../common/progress.ts";
import type { Snapshot } from "./hub-cache.ts";
import type { HubSettings } from "./hub-settings.ts";
import { fetchCheckpoint } from "../open.ts";

export interface Download {
  readonly source: string;
  readonly hub: HubSettings;
}

/** What the thread tells; any message to it stops the download. */
export type FromDownload =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "done"; readonly snapshot: Snapshot }
  | { readonly type: "failed"; readonly error: LabErrorData };

if (parentPort) {
  const port = parentPort;
  const { source, hub } = workerData as Download;
  const tell = (message: FromDownload) => port.postMessage(message);
  const stop = new AbortController();
  port.once("message", () => stop.abort());
  fetchCheckpoint(source, hub, {
    signal: stop.signal,
    onProgress: (progress) => tell({ type: "progress", progress }),
  })
    .then(
      (snapshot) => tell({ type: "done", snapshot }),
      (error: unknown) => tell({ type: "failed", error: errorData(error) }),
    )
    .finally(() => port.close());
}
