// `inversion-lab checkpoints`: the random checkpoints in the cache, and new ones as folders for other tools.

import path from "node:path";
import { formatBytes } from "../common/bytes.ts";
import { jsonLine } from "../common/json-lines.ts";
import { print, type Surroundings } from "./io.ts";
import { openProgressLine } from "./progress.ts";
import { counted } from "./report.ts";
import { visible } from "./visible-text.ts";

export interface ListFlags {
  readonly cache?: string;
  readonly json?: boolean;
}

/** One line a checkpoint. */
export async function listCached({ cache, json }: ListFlags, surroundings: Surroundings): Promise<void> {
  const { listCheckpoints } = await import("../checkpoints/open.ts");
  const folder = cache ?? surroundings.cacheFolder;
  const checkpoints = await listCheckpoints(folder);
  if (json) {
    for (const checkpoint of checkpoints) await print(surroundings, jsonLine({ type: "checkpoint", ...checkpoint }));
    return;
  }
  if (checkpoints.length === 0) return print(surroundings, `No checkpoints in ${visible(folder)}.\n`);
  for (const { source, seed, bytes, blocks, allBlocks, folder } of checkpoints) {
    const depth =
      blocks.length === allBlocks ? `all ${counted(allBlocks, "block")}` : `${blocks.length} of ${allBlocks} blocks`;
    const columns = [
      source.padEnd(20),
      `seed ${seed}`.padEnd(10),
      depth.padEnd(16),
      formatBytes(bytes).padStart(7),
      folder,
    ];
    await print(surroundings, `${visible(columns.join("  "))}\n`);
  }
}

export interface CreateFlags {
  readonly out: string;
  readonly initSeed?: number;
  readonly json?: boolean;
}

/** Writes the whole of a random checkpoint as config.json and model.safetensors. Throws LabErrors. */
export async function create(source: string, flags: CreateFlags, surroundings: Surroundings): Promise<void> {
  const { createCheckpoint } = await import("../checkpoints/open.ts");
  const { initSeed: seed = 0, json } = flags;
  const folder = path.resolve(flags.out);
  const progress = json ? undefined : await openProgressLine(surroundings);
  try {
    const { workerPath, signal } = surroundings;
    await createCheckpoint(source, seed, folder, { workerPath, signal, onProgress: progress?.show });
  } finally {
    progress?.close();
  }
  const written = { type: "checkpoint", source, seed, folder };
  await print(surroundings, json ? jsonLine(written) : visible(`${source} (seed ${seed}) is in ${folder}`) + "\n");
}
