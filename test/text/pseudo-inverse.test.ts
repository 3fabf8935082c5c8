import assert from "node:assert/strict";
import fc from "fast-check";
import { Matrix, pseudoInverse, SingularValueDecomposition } from "ml-matrix";
import { randomStream } from "../../src/common/random.ts";
import { gramInverse } from "../../src/text/pseudo-inverse.ts";

/** W⁺ = G⁺Wᵀ of a matrix [V, D]. */
function throughGram(W: Matrix): Matrix {
  const gram = W.transpose().mmul(W);
  const D = W.columns;
  const inverse = gramInverse(Float64Array.from(gram.to1DArray()), W.rows, D);
  return Matrix.from1DArray(D, D, inverse).mmul(W.transpose());
}

const normal = (rows: number, columns: number, seed: number): Matrix =>
  Matrix.from1DArray(rows, columns, randomStream(seed, "W").normal(rows * columns, 0, 1, "float64"));

const relative = (actual: Matrix, expected: Matrix): number => Matrix.sub(actual, expected).norm() / expected.norm();

describe("the pseudo-inverse through the Gram matrix", () => {
  it("is the one by singular values, for tall matrices of full rank", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(40), fc.nat(1e6), (D, extra, seed) => {
        const W = normal(D + 8 + extra, D, seed);
        assert.ok(relative(throughGram(W), pseudoInverse(W)) < 1e-10);
      }),
    );
  });

  it("is the one by singular values, for matrices that have not full rank", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(1e6),
        (rank, missing, seed) => {
          const W = normal(20, rank, seed).mmul(normal(rank, rank + missing, seed + 1));
          const { diagonal } = new SingularValueDecomposition(W);
          fc.pre(diagonal[rank - 1] > 0.01 * diagonal[0]);
          assert.ok(relative(throughGram(W), pseudoInverse(W, 1e-9)) < 1e-6);
        },
      ),
    );
  });

  it("is 0 for a matrix of zeros", () => {
    assert.deepEqual([...gramInverse(new Float64Array(9), 5, 3)], new Array(9).fill(0));
  });

  it("inverts and is symmetric, at the width of GPT-2's blocks", () => {
    const D = 200;
    const W = normal(500, D, 1);
    const gram = W.transpose().mmul(W);
    const inverse = Matrix.from1DArray(D, D, gramInverse(Float64Array.from(gram.to1DArray()), W.rows, D));
    assert.ok(Matrix.sub(inverse.mmul(gram), Matrix.eye(D)).abs().max() < 1e-12);
    assert.ok(inverse.isSymmetric());
  });
});
