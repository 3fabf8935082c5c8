// `inversion-lab checkpoints`: what is in the caches, what the hub has, and random ones as folders for other tools.

import path from "node:path";
import { formatBytes } from "../common/bytes.ts";
import type { KnownCheckpoint } from "../checkpoints/open.ts";
import { jsonLine } from "../common/json-lines.ts";
import type { Progress } from "../common/progress.ts";
import { print, type CliContext } from "./io.ts";
import { openProgressLine } from "./progress-line.ts";
import { counted } from "../common/counts.ts";
import { visible } from "../common/visible.ts";

export interface ListFlags {
  readonly cache?: string;
  readonly json?: boolean;
}

export async function listCached({ cache, json }: ListFlags, context: CliContext): Promise<void> {
  const { listCheckpoints } = await import("../checkpoints/open.ts");
  const folder = cache ?? context.cacheFolder;
  const { hub } = context;
  const { listFits } = await import("../engine/state-fits.ts");
  const [checkpoints, fits] = await Promise.all([listCheckpoints(folder, hub), listFits(folder)]);
  if (json) {
    for (const checkpoint of checkpoints) await print(context, jsonLine({ type: "checkpoint", ...checkpoint }));
    for (const { kind: type, ...known } of fits) await print(context, jsonLine({ type, ...known }));
    return;
  }
  if (checkpoints.length + fits.length === 0) {
    return print(context, `No checkpoints in ${visible(folder)}, and none in ${visible(hub.cacheFolder)}.\n`);
  }
  const width = Math.max(...[...checkpoints, ...fits].map(({ source }) => source.length));
  for (const checkpoint of checkpoints) {
    const { source, bytes, blocks, allBlocks, folder } = checkpoint;
    const depth =
      blocks.length === allBlocks ? `all ${counted(allBlocks, "block")}` : `${blocks.length} of ${allBlocks} blocks`;
    const columns = [
      source.padEnd(width),
      versionOf(checkpoint).padEnd(15),
      depth.padEnd(16),
      formatBytes(bytes).padStart(7),
      folder,
    ];
    await print(context, `${visible(columns.join("  "))}\n`);
  }
  for (const { source, files, bytes, folder } of fits) {
    const what = `${counted(files.length, "fit")} for exact recovery`;
    const columns = [source.padEnd(width), what.padEnd(33), formatBytes(bytes).padStart(7), folder];
    await print(context, `${visible(columns.join("  "))}\n`);
  }
}

const versionOf = (checkpoint: KnownCheckpoint): string =>
  checkpoint.kind === "random" ? `seed ${checkpoint.seed}` : `commit ${checkpoint.revision.slice(0, 8)}`;

export interface FetchFlags {
  readonly json?: boolean;
}

/** Downloads a model of the hub into the Hugging Face cache; with `--json` its progress is printed too. Throws LabErrors. */
export async function fetchOne(source: string, { json }: FetchFlags, context: CliContext): Promise<void> {
  const { fetchCheckpoint } = await import("../checkpoints/open.ts");
  const { hub, signal } = context;
  const progress = json ? undefined : await openProgressLine(context);
  const written: Promise<void>[] = [];
  const tellProgram = (stage: Progress) => {
    // What cannot be written is told with the last line.
    written.push(print(context, jsonLine({ type: "progress", ...stage })).catch(() => undefined));
  };
  try {
    const { commit, folder } = await fetchCheckpoint(source, hub, {
      signal,
      onProgress: progress?.show ?? tellProgram,
    });
    progress?.close();
    await Promise.all(written);
    const fetched = { type: "checkpoint", kind: "hub", source, revision: commit, folder };
    await print(context, json ? jsonLine(fetched) : visible(`${source} (commit ${commit}) is in ${folder}`) + "\n");
  } finally {
    progress?.close();
  }
}

export interface CreateFlags {
  readonly out: string;
  readonly initSeed?: number;
  readonly json?: boolean;
}

/** Writes the whole of a random checkpoint as config.json and model.safetensors. Throws LabErrors. */
export async function create(source: string, flags: CreateFlags, context: CliContext): Promise<void> {
  const { createCheckpoint } = await import("../checkpoints/open.ts");
  const { initSeed: seed = 0, json } = flags;
  const folder = path.resolve(flags.out);
  const progress = json ? undefined : await openProgressLine(context);
  try {
    const { workerPath, signal } = context;
    await createCheckpoint(source, seed, folder, { workerPath, signal, onProgress: progress?.show });
  } finally {
    progress?.close();
  }
  const written = { type: "checkpoint", source, seed, folder };
  await print(context, json ? jsonLine(written) : visible(`${source} (seed ${seed}) is in ${folder}`) + "\n");
}
