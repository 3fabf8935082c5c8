import { stat } from "node:fs/promises";
import path from "node:path";
import { runtimeFolder } from "../../../src/runtime/devices/cuda-libraries.ts";

describe("ONNX Runtime's CUDA libraries", () => {
  it("belong beside the runtime that the programs load", async () => {
    const program = path.join(import.meta.dirname, "../../../dist/cli.cjs");
    await stat(path.join(runtimeFolder(program, process), "onnxruntime_binding.node"));
  });
});
