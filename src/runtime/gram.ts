// UᵀU of tall matrices, summed up piece by piece in float64.

import { gemm } from "../tensorgraph/operations.ts";
import { input } from "../tensorgraph/tensor.ts";
import { type CompiledGraph, compile } from "./compile.ts";

/** Holds native memory until it is released. */
export class Gram {
  /** [M, M] */
  readonly gram: Float64Array;
  /** Rows so far. */
  rows = 0;
  readonly #graph: CompiledGraph;

  private constructor(graph: CompiledGraph, width: number) {
    this.#graph = graph;
    this.gram = new Float64Array(width * width);
  }

  /** For pieces [N, M]. */
  static async open(rows: number, width: number): Promise<Gram> {
    const u = input("u", [rows, width], "float64");
    const product = gemm(u, u, { transA: true });
    return new Gram(await compile({ product }, { device: "cpu", memory: "low" }), width);
  }

  /** Adds a piece; rows of zeros add nothing, and `count` says how many are none. */
  async add(piece: Float64Array, count: number): Promise<void> {
    const { product } = await this.#graph.run({ u: piece }, ["product"]);
    for (let i = 0; i < product.length; i++) this.gram[i] += product[i];
    this.rows += count;
  }

  release(): Promise<void> {
    return this.#graph.release();
  }
}
