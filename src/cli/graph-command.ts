// `inversion-lab graph`: the graph of one descent step as files, so that anybody can check it in another runtime.

import path from "node:path";
import { formatBytes } from "../common/bytes.ts";
import { LabError } from "../common/errors.ts";
import { defaultMethod } from "../experiments/methods/table.ts";
import { jsonLine } from "../common/json-lines.ts";
import { print, tell, type CliContext } from "./io.ts";
import { openProgressLine } from "./progress-line.ts";
import { flagOf, requestOf } from "../experiments/spec-flags.ts";
import { decimal } from "./spec-options.ts";
import { visible } from "../common/visible.ts";

/** The part of a spec that decides what the graph is. */
export const GRAPH_FIELDS = [
  "checkpoint",
  "initSeed",
  "blocks",
  "output",
  "metric",
  "reduction",
  "dtype",
  "weights",
] as const;

export interface GraphFlags extends Readonly<Record<string, unknown>> {
  /** T, as typed. */
  readonly length: string;
  /** B, as typed. */
  readonly batch: string;
  readonly out: string;
  readonly json?: boolean;
  readonly cache?: string;
}

/** Writes network.onnx and its weights into the folder `out`. Throws LabErrors. */
export async function graph(flags: GraphFlags, context: CliContext): Promise<void> {
  const [length, batch] = [sizeOf("length", flags.length), sizeOf("batch", flags.batch)];
  const { parseSpec } = await import("../experiments/spec.ts");
  // Bounds and defaults are those of a run; of its prompt only the length is in the graph.
  const {
    checkpoint: source,
    initSeed,
    blocks,
    output,
    metric,
    reduction,
    dtype,
    weights: weightFormat,
  } = parseSpec(requestOf(defaultMethod().name, "any", flags), flagOf);
  const { openCheckpoint } = await import("../checkpoints/open.ts");
  const { quantise } = await import("../checkpoints/generated/reduced-precision.ts");
  const { exportGraph } = await import("../runtime/graph-export.ts");
  const progress = flags.json ? undefined : await openProgressLine(context);
  try {
    const { workerPath, modelsFolder, hub, signal } = context;
    const cacheFolder = flags.cache ?? context.cacheFolder;
    const warn = (sentence: string) => tell(context, sentence);
    const options = { cacheFolder, initSeed, workerPath, modelsFolder, hub, signal, warn, onProgress: progress?.show };
    const stored = await openCheckpoint(source, { blocks }, options);
    const checkpoint =
      weightFormat === "stored" ? stored : (await quantise(stored, blocks, weightFormat, options)).checkpoint;
    progress?.show({ stage: "Writing the graph" });
    const shape = {
      network: { kind: "transformer", config: checkpoint.config, blocks, output, weightFormat },
      batch,
      length,
      type: dtype,
      measure: { metric, reduction, fromPosition: 0 },
    } as const;
    const written = await exportGraph(checkpoint, shape, path.resolve(flags.out));
    progress?.close();
    await print(
      context,
      flags.json
        ? jsonLine({ type: "graph", ...written })
        : visible(`${written.model}, with ${formatBytes(written.weightBytes)} of weights beside it`) + "\n",
    );
  } finally {
    progress?.close();
  }
}

function sizeOf(name: string, value: string): number {
  const size = decimal(`--${name}`, value);
  if (Number.isInteger(size) && size >= 1) return size;
  throw new LabError("badInput", `--${name} is ${value}: it takes a whole number from 1 on.`);
}
