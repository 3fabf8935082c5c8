// The runtime is told not to report to its makers before it is loaded.

import assert from "node:assert/strict";
import process from "node:process";
import { env } from "../../src/runtime/onnxruntime.ts";

describe("ONNX Runtime", () => {
  it("is loaded with its telemetry off", () => {
    assert.ok(env.versions.common);
    assert.equal(process.env.ORT_DISABLE_TELEMETRY, "1");
  });
});
