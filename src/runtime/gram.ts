// UᵀU of tall matrices, summed up piece by piece in float64.

import { gemm } from "../tensorgraph/operations.ts";
import { input } from "../tensorgraph/tensor.ts";
import { type CompiledGraph, compile } from "./compile.ts";

/** Several such sums of one width, by one graph. Holds native memory until it is released. */
export class Grams {
  readonly sums: readonly { readonly gram: Float64Array; rows: number }[];
  readonly #graph: CompiledGraph;
  /** Of one piece. */
  readonly #product: Float64Array;

  private constructor(graph: CompiledGraph, width: number, count: number) {
    this.#graph = graph;
    this.#product = new Float64Array(width * width);
    this.sums = Array.from({ length: count }, () => ({ gram: new Float64Array(width * width), rows: 0 }));
  }

  /** For pieces [N, M]. */
  static async open(rows: number, width: number, count: number): Promise<Grams> {
    const u = input("u", [rows, width], "float64");
    const product = gemm(u, u, { transA: true });
    return new Grams(await compile({ product }, { device: "cpu", memory: "low" }), width, count);
  }

  /** Adds a piece to one of the sums; rows of zeros add nothing, and `rows` says how many are none. */
  async add(sum: number, piece: Float64Array, rows: number): Promise<void> {
    const product = this.#product;
    await this.#graph.run({ u: piece }, ["product"], { product });
    const { gram } = this.sums[sum];
    for (let i = 0; i < product.length; i++) gram[i] += product[i];
    this.sums[sum].rows += rows;
  }

  release(): Promise<void> {
    return this.#graph.release();
  }
}
