// What a network computes with the weights as they are stored, for those that compute with weights in fewer bits: O(e)
// once, by the forward pass alone, with the weights read in place.

import { type Checkpoint, matrixFormat } from "../checkpoints/checkpoint.ts";
import type { FloatArray } from "../common/floats.ts";
import { network } from "../networks/network.ts";
import type { ObjectiveShape } from "../networks/objective.ts";
import type { SubnetworkShape } from "../networks/subnetwork.ts";
import { input } from "../tensorgraph/tensor.ts";
import { compile } from "./compile.ts";
import { fits } from "./memory.ts";

/**
 * O(e) with the stored weights, [1, T, D] → [1, T, K]; undefined where the memory for it is not there. Throws a LabError
 * (device).
 */
export async function storedOutput(
  subnetwork: SubnetworkShape,
  { length, type, measure }: Omit<ObjectiveShape, "network" | "batch">,
  weights: Checkpoint,
  embedding: FloatArray,
): Promise<FloatArray | undefined> {
  const stored = { ...subnetwork, kind: "transformer", weightFormat: "stored" } as const;
  const shape = { network: stored, batch: 1, length, type, measure, storedAs: matrixFormat(weights) };
  if (!fits(shape, "low")) return undefined;
  const output = network(input("embedding", [1, length, subnetwork.config.width], type), stored);
  const graph = await compile({ output }, { weights, device: "cpu", memory: "low" });
  try {
    return (await graph.run({ embedding }, ["output"])).output;
  } finally {
    await graph.release();
  }
}
