// The ranking of exact recovery, against Gaussian log-likelihoods that are written out.

import assert from "node:assert/strict";
import { choleskyFactor, CholeskySolver } from "../../../src/common/cholesky.ts";
import { randomStream } from "../../../src/common/random.ts";
import {
  equationsWidth,
  evidenceOf,
  fitDiscriminant,
  type NormalEquations,
} from "../../../src/experiments/exact/linear-discriminant.ts";

const normals = (name: string, count: number) =>
  Float64Array.from(randomStream(11, name).normal(count, 0, 1, "float64"));

/** a [n, k] · b [k, m]. */
function times(a: ArrayLike<number>, b: ArrayLike<number>, k: number): Float64Array {
  const [n, m] = [a.length / k, b.length / k];
  return Float64Array.from({ length: n * m }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a[Math.floor(at / m) * k + i] * b[i * m + (at % m)];
    return sum;
  });
}

const transposed = (a: ArrayLike<number>, rows: number) =>
  Float64Array.from({ length: a.length }, (_, at) => a[(at % rows) * (a.length / rows) + Math.floor(at / rows)]);

describe("Cholesky's factor", () => {
  for (const D of [1, 2, 5, 17]) {
    it(`solves and has the determinant, at ${D}`, () => {
      const root = normals(`root ${D}`, D * D);
      const gram = times(root, transposed(root, D), D);
      const solver = new CholeskySolver(choleskyFactor(gram, D)!, D);
      const inverse = Float64Array.from({ length: D * D }, (_, at) => (at % (D + 1) === 0 ? 1 : 0));
      solver.solve(inverse);
      times(gram, inverse, D).forEach((value, at) =>
        assert.ok(Math.abs(value - (at % (D + 1) === 0 ? 1 : 0)) < 1e-7, `${at}: ${value}`),
      );
      if (D === 2) assert.ok(Math.abs(solver.logDeterminant - Math.log(gram[0] * gram[3] - gram[1] * gram[2])) < 1e-9);
    });
  }

  it("is none of a matrix that is not positive definite", () => {
    assert.equal(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2), undefined);
  });
});

describe("a linear discriminant", () => {
  for (const [D, hasContext] of [
    [3, true],
    [4, false],
    [7, true],
  ] as const) {
    const [A, C] = [normals(`A ${D}`, D * D), normals(`C ${D}`, D * D)];
    const c = normals(`c ${D}`, D);
    const spread = normals(`spread ${D}`, D * D).map((x) => x * 0.05);
    const V = 30;
    const embeddings = normals(`e ${D}`, V * D);
    const rows = 6000;
    const [x, r, z] = ["x", "r", "z"].map((name) => normals(`${name} ${D}`, rows * D));
    const row = (values: Float64Array, at: number) => values.subarray(at * D, (at + 1) * D);
    /** A x + C r + c, [D]. */
    const mean = (of: ArrayLike<number>, before: ArrayLike<number>): Float64Array => {
      const [own, others] = [times(A, of, D), hasContext ? times(C, before, D) : new Float64Array(D)];
      return own.map((value, i) => value + others[i] + c[i]);
    };

    async function fitted() {
      const M = equationsWidth(D, hasContext);
      const gram = new Float64Array(M * M);
      for (let at = 0; at < rows; at++) {
        const noise = times(spread, row(z, at), D);
        const h = mean(row(x, at), row(r, at)).map((value, i) => value + noise[i]);
        const u = [...row(x, at), ...(hasContext ? row(r, at) : []), 1, ...h];
        for (let i = 0; i < M; i++) for (let j = 0; j < M; j++) gram[i * M + j] += u[i] * u[j];
      }
      const forms = async (matrix: Float64Array) =>
        Float64Array.from({ length: V }, (_, v) => {
          const e = row(embeddings, v);
          return times(e, times(matrix, e, D), D)[0];
        });
      const equations: NormalEquations = { gram, rows };
      return fitDiscriminant(equations, D, hasContext, forms);
    }

    it(`finds what the states are made of, ${D} wide${hasContext ? ", with the state before" : ""}`, async () => {
      const { token, context, offset } = await fitted();
      const close = (found: Float64Array, wanted: Float64Array) =>
        found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 0.02, `${value} for ${wanted[i]}`));
      close(token, A);
      if (hasContext) close(context!, C);
      close(offset, c);
    });

    it(`scores tokens by their likelihood, ${D} wide${hasContext ? ", with the state before" : ""}`, async () => {
      const fit = await fitted();
      const covariance = times(spread, transposed(spread, D), D);
      const noise = new CholeskySolver(choleskyFactor(covariance, D)!, D);
      const before = normals(`before ${D}`, D);
      const position = normals(`position ${D}`, D).map((value) => value / 10);
      const input = row(embeddings, 5).map((value, i) => value + position[i]);
      const state = mean(input, before).map((value, i) => value + 0.03 * (i + 1));
      const { directions, constants } = evidenceOf(fit, state, before, position);
      for (let v = 0; v < V; v++) {
        const e = row(embeddings, v);
        const score = times(directions, e, D)[0] - fit.tokenTerms[v] + constants[0];
        const expected = mean(
          e.map((value, i) => value + position[i]),
          before,
        );
        const residual = state.map((value, i) => value - expected[i]);
        const solved = residual.slice();
        noise.solve(solved);
        const likelihood = -(times(residual, solved, D)[0] + noise.logDeterminant) / 2;
        assert.ok(Math.abs(score - likelihood) < 0.12 * (1 + Math.abs(likelihood)), `${v}: ${score}, ${likelihood}`);
      }
    });
  }
});
