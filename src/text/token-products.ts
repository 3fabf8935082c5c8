// Products with a matrix of one row a token, W [V, D]: the token embedding, or the head. W is read where the checkpoint's
// file has it.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { readRows } from "../checkpoints/rows.ts";
import type { FloatArray } from "../common/floats.ts";
import { type CompiledGraph, compile } from "../runtime/compile.ts";
import { OpenedGraphs } from "../runtime/opened-graphs.ts";
import { gemm, matMul, multiply, reduceSum, softmax, transpose } from "../tensorgraph/operations.ts";
import { input, weight } from "../tensorgraph/tensor.ts";

/** Rows that are multiplied at a time: their products take 13 MB with GPT-2's vocabulary. */
const ROWS = 64;
/** Rows whose quadratic forms are computed at a time. */
const FORM_ROWS = 4096;

/** Holds native memory until it is released. */
export class TokenProducts {
  readonly #checkpoint: Checkpoint;
  readonly #name: string;
  readonly #graphs = new OpenedGraphs();

  constructor(checkpoint: Checkpoint, weightName: string) {
    this.#checkpoint = checkpoint;
    this.#name = weightName;
  }

  /** x Wᵀ: [N, D] → [N, V], in float32. */
  async products(x: FloatArray): Promise<Float32Array> {
    const { width: D, vocabulary: V } = this.#checkpoint.config;
    const N = x.length / D;
    const all = new Float32Array(N * V);
    const size = Math.min(N, ROWS);
    const graph = await this.#graph(`products ${size}`, () => {
      const W = weight(this.#name, [V, D], "float32");
      return { products: transpose(matMul(W, transpose(input("x", [size, D], "float32"), [1, 0])), [1, 0]) };
    });
    for (let from = 0; from < N; from += size) {
      const rows = new Float32Array(size * D);
      rows.set(x.subarray(from * D, Math.min(N, from + size) * D));
      const { products } = await graph.run({ x: rows }, ["products"]);
      all.set(products.subarray(0, Math.min(size, N - from) * V), from * V);
    }
    return all;
  }

  /** l W: [N, V] → [N, D], in float32. */
  async combinations(l: FloatArray): Promise<FloatArray> {
    const { width: D, vocabulary: V } = this.#checkpoint.config;
    const N = l.length / V;
    const graph = await this.#graph(`combinations ${N}`, () => {
      return { rows: gemm(input("l", [N, V], "float32"), weight(this.#name, [V, D], "float32")) };
    });
    return (await graph.run({ l: Float32Array.from(l) }, ["rows"])).rows;
  }

  /** softmax(x Wᵀ / τ): [N, D] → [N, V], in float32. */
  async probabilities(x: FloatArray, temperature: number): Promise<FloatArray> {
    const { width: D, vocabulary: V } = this.#checkpoint.config;
    const N = x.length / D;
    const graph = await this.#graph(`probabilities ${N} ${temperature}`, () => {
      const W = weight(this.#name, [V, D], "float32");
      const scaled = multiply(input("x", [N, D], "float32"), 1 / temperature);
      return { probabilities: softmax(gemm(scaled, W, { transB: true })) };
    });
    return (await graph.run({ x: Float32Array.from(x) }, ["probabilities"])).probabilities;
  }

  /** w M wᵀ of every row w, [V]; M [D, D] is symmetric. */
  async quadraticForms(matrix: FloatArray): Promise<FloatArray> {
    const { width: D, vocabulary: V } = this.#checkpoint.config;
    // A piece at a time: W M is as large as W.
    const size = Math.min(V, FORM_ROWS);
    const graph = await this.#graph("forms", () => {
      const rows = input("rows", [size, D], "float32");
      return { forms: reduceSum(multiply(matMul(rows, input("matrix", [D, D], "float32")), rows), [1]) };
    });
    const all = new Float32Array(V);
    const narrow = Float32Array.from(matrix);
    const rows = new Float32Array(size * D);
    for (let from = 0; from < V; from += size) {
      const ids = Array.from({ length: Math.min(size, V - from) }, (_, i) => from + i);
      rows.set(readRows(this.#checkpoint, this.#name, ids));
      const { forms } = await graph.run({ rows, matrix: narrow }, ["forms"]);
      all.set(forms.subarray(0, ids.length), from);
    }
    return all;
  }

  release(): Promise<void> {
    return this.#graphs.release();
  }

  #graph(name: string, outputs: () => Parameters<typeof compile>[0]): Promise<CompiledGraph> {
    return this.#graphs.open(name, () =>
      compile(outputs(), { weights: this.#checkpoint, device: "cpu", memory: "low" }),
    );
  }
}
