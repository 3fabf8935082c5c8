import assert from "node:assert/strict";
import { counted, plural } from "../../src/common/counts.ts";

describe("counts", () => {
  it("go with their noun", () => {
    assert.deepEqual(
      [0, 1, 3000].map((count) => plural(count, "token")),
      ["0 tokens", "1 token", "3,000 tokens"],
    );
    assert.deepEqual(
      [0, 1, 3000].map((count) => counted(count, "core")),
      ["0 cores", "1 core", "3000 cores"],
    );
  });
});
