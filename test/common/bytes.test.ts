import assert from "node:assert/strict";
import { formatBytes } from "../../src/common/bytes.ts";

describe("amounts of bytes", () => {
  for (const [bytes, text] of [
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1.0 kB"],
    [9949, "9.9 kB"],
    [9951, "10 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [185_894_488, "186 MB"],
    [6.23e9, "6.2 GB"],
    [4e15, "4.0 PB"],
    [2e21, "2000 EB"],
  ] as const) {
    it(`${bytes} are ${text}`, () => assert.equal(formatBytes(bytes), text));
  }
});
