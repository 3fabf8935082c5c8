// The tiny GPT-2 and its embeddings as an experiment's setting, without a tokenizer: what the reference values of
// test/reference/methods_reference.py were computed on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import type { FloatType } from "../../src/common/floats.ts";
import type { StepEvent, WalkPoint } from "../../src/experiments/events.ts";
import type { ExperimentSetting } from "../../src/experiments/setting.ts";
import { type Measure, wholeOutput } from "../../src/networks/distance.ts";
import type { Output } from "../../src/networks/outputs.ts";
import { type OpenNetwork, openSubnetwork } from "../../src/runtime/open-network.ts";
import { embedTokens } from "../../src/text/embedding.ts";
import { TEST_CACHE, TINY_GPT2 } from "./folders.ts";
import { relativeError } from "./numbers.ts";

/** Of one step, an entry a restart. */
export interface ReferencePoint {
  readonly outputDistance: number[];
  readonly inputDistance: number[];
  readonly gradientProducts: number[][];
  readonly clampedFrom: number[];
}

export const METHODS_REFERENCE = JSON.parse(readFileSync(path.join(TINY_GPT2, "methods.json"), "utf8")) as {
  readonly prompt: number[];
  readonly orthogonal: {
    readonly output: Output;
    readonly vectors: "broadcast" | "perToken";
    readonly nullVector: "steady" | "fresh";
    readonly seed: number;
    readonly learningRate: number;
    readonly restarts: number;
    readonly points: ReferencePoint[];
  }[];
  readonly clamped: {
    readonly output: Output;
    readonly form: "code" | "equation";
    readonly seed: number;
    readonly randEta: number;
    readonly learningRate: number;
    readonly innerSteps: number;
    readonly restarts: number;
    readonly points: ReferencePoint[];
  }[];
  readonly jacobian: { readonly smallest: number; readonly jacobian: number[] };
  readonly summedGradient: number[];
  readonly measures: {
    readonly metric: Measure["metric"];
    readonly fromPosition: number;
    readonly channels: number | null;
    readonly sum: number;
    readonly mean: number;
  }[];
  readonly fullyConnected: {
    readonly kind: "invertible" | "notInvertible" | "perToken";
    readonly length: number;
    readonly width: number;
    readonly batch: number;
    readonly seed: number;
    readonly output: number[];
    readonly gradient: number[];
  }[];
};

export const tinyCheckpoint = await openCheckpoint(TINY_GPT2, { blocks: 2 }, { cacheFolder: TEST_CACHE, initSeed: 0 });

/** Both blocks, ended as told. Release the network after use. */
export async function tinySetting(
  output: Output,
  batch: number,
  { measure = wholeOutput("l1"), type = "float64" }: { measure?: Measure; type?: FloatType } = {},
): Promise<ExperimentSetting & { readonly network: OpenNetwork }> {
  const targetIds = METHODS_REFERENCE.prompt;
  const nothing = { tokenIds: targetIds, topK: [], targetRanks: targetIds.map(() => 1) };
  const network = await openSubnetwork({
    checkpoint: tinyCheckpoint,
    blocks: 2,
    output,
    batch,
    length: targetIds.length,
    type,
    measure,
    device: "cpu",
    memory: "speed",
  });
  return {
    network,
    open: async () => network,
    decoder: { decode: async () => Array.from({ length: batch }, () => nothing) },
    targetIds,
    embed: (ids) => embedTokens(tinyCheckpoint, ids, "sequential", type),
    moments: { mean: 0, std: 1 },
    text: { token: String, decode: String },
    provenance: { checkpoint: tinyCheckpoint, versions: {} },
    now: () => 0,
  };
}

/** Holds every step of a walk to the reference's distances; gives each restart's points. */
export function takesTheCourse(steps: readonly StepEvent[], expected: readonly ReferencePoint[]): WalkPoint[][] {
  return expected[0].outputDistance.map((_, restart) => {
    const points = steps.filter((step) => step.restart === restart).flatMap(({ walked }) => walked!);
    for (const figure of ["outputDistance", "inputDistance"] as const) {
      const error = relativeError(
        points.map((point) => point[figure]),
        expected.map((point) => point[figure][restart]),
      );
      assert.ok(error < 1e-9, `${figure} of restart ${restart}: ${error}`);
    }
    return points;
  });
}
