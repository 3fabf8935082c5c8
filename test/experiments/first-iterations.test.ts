import assert from "node:assert/strict";
import * as fc from "fast-check";
import { beforeFirst, withShown, withUnshown } from "../../src/experiments/first-iterations.ts";

const TARGET = [1, 2];
const seen = (shown: readonly (readonly number[])[]) =>
  shown.reduce((firsts, ids, i) => withShown(firsts, 10 * i, ids, TARGET), beforeFirst(TARGET.length));

describe("first iterations", () => {
  it("are those of the whole list of decoded ones", () => {
    const ids = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }));
    fc.assert(
      fc.property(fc.array(ids), (shown) => {
        const exact = shown.map((each) => each.join() === TARGET.join());
        const at = (place: number) => (place < 0 ? null : 10 * place);
        assert.deepEqual(seen(shown), {
          firstExactIteration: at(exact.indexOf(true)),
          exactSince: exact.at(-1) === true ? at(exact.lastIndexOf(false) + 1) : null,
          firstCorrectIterations: TARGET.map((id, t) => at(shown.findIndex((each) => each[t] === id))),
        });
      }),
    );
  });

  it("may be one that was decoded out of turn, which says nothing of those shown after it", () => {
    const never = seen([[2, 2]]);
    assert.deepEqual(withUnshown(never, 7, [1, 2], TARGET), {
      firstExactIteration: 7,
      exactSince: null,
      firstCorrectIterations: [7, 0],
    });
    const exact = seen([[1, 2]]);
    assert.deepEqual(withUnshown(exact, 3, [2, 2], TARGET), exact);
  });
});
