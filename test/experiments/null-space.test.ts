// Directions in which nothing changes, on random matrices.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { LabError } from "../../src/common/errors.ts";
import { randomStream } from "../../src/common/random.ts";
import { dot } from "../../src/common/floats.ts";
import { Lanczos, orthogonalPart } from "../../src/experiments/null-space.ts";

const normal = (name: string, length: number) => randomStream(0, name).normal(length, 0, 1, "float64") as Float64Array;

describe("the part orthogonal to rows", () => {
  const sizes = fc.integer({ min: 2, max: 40 }).chain((D) =>
    fc.record({
      D: fc.constant(D),
      N: fc.integer({ min: 1, max: D - 1 }),
      seed: fc.nat(1000),
      scale: fc.constantFrom(1e-8, 1, 1e8),
    }),
  );

  it("has length 1, is orthogonal to each of them, and is the nearest such direction", () => {
    fc.assert(
      fc.property(sizes, ({ D, N, seed, scale }) => {
        const rows = Array.from({ length: N }, (_, i) => normal(`row ${seed} ${i}`, D).map((x) => x * scale));
        const z = normal(`z ${seed}`, D);
        const v = orthogonalPart(z, rows);
        assert.ok(Math.abs(dot(v, v) - 1) < 1e-12);
        for (const row of rows) assert.ok(Math.abs(dot(row, v)) < 1e-12 * Math.sqrt(dot(row, row)));
        assert.ok(dot(v, z) > 0);
        // What was taken away lies in the rows' span: it is orthogonal to every other orthogonal direction.
        const other = orthogonalPart(normal(`other ${seed}`, D), rows);
        const taken = z.map((x, i) => x - dot(z, v) * v[i]);
        assert.ok(Math.abs(dot(taken, other) - dot(v, other) * dot(taken, v)) < 1e-9 * Math.sqrt(dot(z, z)));
      }),
      { numRuns: 200 },
    );
  });

  it("takes rows that repeat each other, or are zero, for what they add", () => {
    const row = normal("row", 6);
    const v = orthogonalPart(normal("z", 6), [row, row.map((x) => -3 * x), new Float64Array(6)]);
    const alone = orthogonalPart(normal("z", 6), [row]);
    v.forEach((value, i) => assert.ok(Math.abs(value - alone[i]) < 1e-12));
  });

  it("says so when the rows leave no direction", () => {
    const rows = Array.from({ length: 3 }, (_, i) => normal(`row ${i}`, 3));
    assert.throws(
      () => orthogonalPart(normal("z", 3), rows),
      (error) =>
        error instanceof LabError && /3 gradients of width 3 leave no orthogonal direction/.test(error.message),
    );
  });
});

describe("Lanczos' method", () => {
  /** MᵀM x. */
  const product = (M: Matrix, x: Float64Array) =>
    M.transpose()
      .mmul(M.mmul(Matrix.columnVector(x)))
      .to1DArray();

  it("finds the smallest singular direction when it may go to the end", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 2, max: 12 }), fc.nat(1000), (rows, D, seed) => {
        const M = Matrix.from1DArray(rows, D, normal(`M ${seed}`, rows * D));
        const search = new Lanczos(normal(`start ${seed}`, D));
        for (let step = 0; step < D && !search.isClosed; step++) search.next(product(M, search.vector));
        const { vector, singularValue } = search.smallest();
        const singularValues = new SingularValueDecomposition(M, { autoTranspose: true }).diagonal;
        const smallest = D > rows ? 0 : Math.min(...singularValues);
        const largest = Math.max(...singularValues);
        const image = M.mmul(Matrix.columnVector(vector)).to1DArray();
        // ‖M v‖² is what is minimised: its error is of the order of rounding in the largest.
        assert.ok(dot(image, image) < smallest ** 2 + 1e-9 * largest ** 2, `${dot(image, image)} ${smallest ** 2}`);
        assert.ok(Math.abs(singularValue ** 2 - dot(image, image)) < 1e-9 * largest ** 2);
      }),
      { numRuns: 100 },
    );
  });

  it("is better the longer it goes, and never below the truth", () => {
    const D = 60;
    const M = Matrix.from1DArray(D, D, normal("M", D * D));
    const smallest = Math.min(...new SingularValueDecomposition(M, { autoTranspose: true }).diagonal);
    let before = Infinity;
    const search = new Lanczos(normal("start", D));
    for (let step = 1; step <= 40; step++) {
      search.next(product(M, search.vector));
      const { singularValue } = search.smallest();
      assert.ok(singularValue <= before + 1e-9 && singularValue >= smallest - 1e-9);
      before = singularValue;
    }
    assert.ok(before < 1, `${before}`); // the mean singular value is about 6
  });
});
