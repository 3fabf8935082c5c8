// float64 keeps float64's precision at every width of a head, in a session of ours and in one that knows nothing of us.
// The values are PyTorch's, made by test/reference/float64_reference.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { AttributeProto_AttributeType, ModelProtoSchema } from "onnx-buf";
import * as ort from "onnxruntime-node";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { normalGraph, objectiveGraph, pullbackGraph } from "../../src/networks/objective.ts";
import { compile, locateWeight } from "../../src/runtime/compile.ts";
import { exportGraph } from "../../src/runtime/graph-export.ts";
import { openNetwork } from "../../src/runtime/open-network.ts";
import { toOnnx } from "../../src/tensorgraph/onnx.ts";
import { matMul } from "../../src/tensorgraph/operations.ts";
import { apply, input, scalar } from "../../src/tensorgraph/tensor.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** A long vector by its norm and its products with vectors of signs. */
interface Projected {
  readonly norm: number;
  readonly projections: number[];
}

interface Reference {
  readonly heads: number;
  readonly blocks: number;
  readonly batch: number;
  readonly length: number;
  readonly vocabulary: number;
  readonly networks: {
    readonly headWidth: number;
    readonly output: "block" | "finalNorm" | "head";
    readonly value: Projected;
    readonly distance: number[];
    readonly gradient: Projected;
  }[];
}

const file = path.join(import.meta.dirname, "..", "reference", "float64.json");
const { heads, blocks, batch, length, vocabulary, networks } = JSON.parse(await readFile(file, "utf8")) as Reference;

/** Relative to the norm of what is right. */
const TOLERANCE = { output: 1e-13, gradient: 1e-13 };

/** The reference's 32-bit words of a name. */
function words(name: string, count: number): Uint32Array {
  let start = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) start = Math.imul(start ^ byte, 0x01000193);
  return Uint32Array.from({ length: count }, (_, index) => {
    let word = (Math.imul(index, 0x9e3779b9) + start) | 0;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return word ^ (word >>> 16);
  });
}

const numbers = (name: string, count: number, scale: number): Float64Array =>
  Float64Array.from(words(name, count), (word) => scale * ((word >>> 8) / 2 ** 24 - 0.5));

/** How far a vector is from a projected one, relative to its norm. */
function errorOf(actual: ArrayLike<number>, { norm, projections }: Projected): number {
  const squares = projections.map((projection, index) => {
    const signs = words(`signs ${index}`, actual.length);
    return (signs.reduce((sum, word, i) => sum + (word >>> 31 ? -actual[i] : actual[i]), 0) - projection) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length) / norm;
}

describe("GPT-2 in float64", () => {
  const newFolder = temporaryFolders();

  /** The reference's checkpoint with heads of a width, and what goes in. */
  async function made(headWidth: number) {
    const width = heads * headWidth;
    const config = { ...TINY, blocks, width, heads, innerWidth: 2 * width, vocabulary, tiedHead: false };
    const weights = weightValues(config, "").map((tensor) => {
      return { ...tensor, values: numbers(tensor.name, tensor.values.length, 0.5) };
    });
    const folder = await writeCheckpoint(await newFolder(), configJson(config), weights);
    const checkpoint = await openCheckpoint(folder, { blocks }, { cacheFolder: TEST_CACHE, initSeed: 0 });
    return {
      checkpoint,
      embedding: numbers("embedding", batch * length * width, 4),
      targetEmbedding: numbers("target", batch * length * width, 4),
    };
  }

  for (const { headWidth, output, value, distance, gradient } of networks) {
    it(`is PyTorch's with heads of width ${headWidth}, ${output}, in our sessions and in an exported graph`, async () => {
      const { checkpoint, embedding, targetEmbedding } = await made(headWidth);
      const network = { kind: "transformer", config: checkpoint.config, blocks, output } as const;
      const shape = { network, batch, length, type: "float64", measure: wholeOutput("l2") } as const;
      const check = (from: string, actual: Record<"output" | "distance" | "gradient", ArrayLike<number>>): void => {
        const errors = {
          output: errorOf(actual.output, value),
          distance: relativeError(actual.distance, distance),
          gradient: errorOf(actual.gradient, gradient),
        };
        const right =
          Math.max(errors.output, errors.distance) <= TOLERANCE.output && errors.gradient <= TOLERANCE.gradient;
        assert.ok(right, `${from}: ${JSON.stringify(errors)}`);
      };

      const opened = await openNetwork({ ...shape, weights: async () => checkpoint, device: "cpu", memory: "speed" });
      const target = (await opened.forward(targetEmbedding)).slice() as Float64Array;
      const ours = await opened.distanceAndGradient(embedding, target);
      check("our session", { ...ours, output: await opened.forward(embedding) });
      await opened.release();

      const { model } = await exportGraph(checkpoint, shape, await newFolder());
      const feeds = {
        embedding: new ort.Tensor("float64", embedding, [batch, length, opened.width]),
        target: new ort.Tensor("float64", target, [batch, length, opened.outputWidth]),
      };
      for (const options of [{}, { graphOptimizationLevel: "disabled" }] as const) {
        const session = await ort.InferenceSession.create(model, options);
        const results = await session.run(feeds);
        const valueOf = (name: string): Float64Array => results[name].data as Float64Array;
        const values = { output: valueOf("output"), distance: valueOf("distance"), gradient: valueOf("gradient") };
        check(`an exported graph, ${JSON.stringify(options)}`, values);
        await session.release();
      }
    });
  }

  it("leaves ONNX Runtime no number to put into an attribute", async () => {
    const { checkpoint } = await made(20);
    const network = { kind: "transformer", config: checkpoint.config, blocks, output: "head" } as const;
    const shape = { network, batch, length, type: "float64", measure: wholeOutput("cosine") } as const;
    for (const graph of [objectiveGraph(shape), pullbackGraph(shape), normalGraph(shape)]) {
      const optimizedModelFilePath = path.join(await newFolder(), "optimised.onnx");
      const model = toOnnx(graph, (name, tensor) => locateWeight(checkpoint, name, tensor));
      const session = await ort.InferenceSession.create(model, {
        graphOptimizationLevel: "extended",
        optimizedModelFilePath,
        extra: { session: { model_external_initializers_file_folder_path: checkpoint.folder } },
      });
      await session.release();
      const { node: nodes } = fromBinary(ModelProtoSchema, await readFile(optimizedModelFilePath)).graph!;
      const { FLOAT, FLOATS } = AttributeProto_AttributeType;
      const kept = nodes.flatMap(({ opType, attribute }) =>
        attribute.filter(({ type }) => type === FLOAT || type === FLOATS).map((held) => ({ opType, ...held })),
      );
      assert.ok(kept.length > 0, "Gemm at least has factors");
      assert.deepEqual(
        kept.filter(({ f, floats }) => f !== 1 || floats.length > 0),
        [],
      );
    }
  });

  it("is so in our sessions even where a lone number stands beside a product", async () => {
    const [n, factor] = [6, 0.1];
    const [a, b] = ["a", "b"].map((name) => input(name, [n, n], "float64"));
    const [y] = apply("Mul", [matMul(a, b), scalar(factor, "float64")], [a]);
    const graph = await compile({ y }, { device: "cpu", memory: "speed" });
    const identity = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
    const values = numbers("a", n * n, 1);
    const result = await graph.run({ a: values, b: identity }, ["y"]);
    assert.deepEqual(
      [...result.y],
      Array.from(values, (value) => value * factor),
    );
    await graph.release();
  });
});
