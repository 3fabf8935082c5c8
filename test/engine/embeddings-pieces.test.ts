import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type FloatType, floats } from "../../src/common/floats.ts";
import { EmbeddingsPieces, piecesOf } from "../../src/engine/embeddings-pieces.ts";

describe("embeddings in pieces", () => {
  const extents = fc.integer({ min: 1, max: 5 });
  const types = fc.constantFrom<FloatType>("float32", "float64");

  it("are the same put together, in whatever order they come, and whole with the last one only", () => {
    fc.assert(
      fc.property(
        extents,
        extents,
        extents,
        types,
        fc.infiniteStream(fc.double()),
        (restarts, length, width, type, draw) => {
          const array = (size: number) => floats(type, size).map(() => draw.next().value as number);
          const [target, best, last] = [1, restarts, restarts].map((count) => array(count * length * width));
          const embeddings = { restarts, length, width, target, best, last };
          const pieces = [...piecesOf(embeddings)].reverse();
          assert.equal(pieces.length, 1 + 2 * restarts);
          const together = new EmbeddingsPieces();
          const whole = pieces.map((piece) => together.add(JSON.parse(JSON.stringify(piece)) as typeof piece));
          assert.deepEqual(whole.pop(), embeddings);
          assert.ok(whole.every((each) => each === undefined));
        },
      ),
    );
  });
});
