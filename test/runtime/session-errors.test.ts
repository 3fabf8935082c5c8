// What is made of the words that ONNX Runtime and the drivers under it leave behind, as people have reported them.

import assert from "node:assert/strict";
import type { DeviceName } from "../../src/runtime/devices/devices.ts";
import { sessionError } from "../../src/runtime/session-errors.ts";

const LOST: readonly (readonly [DeviceName, string])[] = [
  ["webgpu", "WebGPU device lost (2): Device was destroyed."],
  [
    "webgpu",
    "Non-zero status code returned while running Div node. Name:'x' Status Message: Failed to create a WebGPU compute pipeline: A valid external Instance reference no longer exists.",
  ],
  [
    "webgpu",
    "buffer_manager.cc:543 status == wgpu::MapAsyncStatus::Success was false. Failed to download data from buffer: [Device] is lost.",
  ],
  ["webgpu", "vkQueueSubmit failed with VK_ERROR_DEVICE_LOST"],
  [
    "dml",
    "DmlExecutionProvider\\src\\ExecutionProvider.cpp(962)\\onnxruntime.dll!00007FFABA30B0B1: (caller: 00007FFABA30B740) Exception(3) tid(5a68) 887A0005 The GPU device instance has been suspended. Use GetDeviceRemovedReason to determine the appropriate action.",
  ],
  ["dml", "DmlGraphFusionHelper.cpp(1078) 887A0006 Die GPU nimmt keine weiteren Befehle an."],
  [
    "cuda",
    "CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=h ; file=gpu_data_transfer.cc ; line=73 ; expr=cudaMemcpyAsync(dst_data, src_data, bytes, cudaMemcpyDeviceToHost, stream);",
  ],
  ["cuda", "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=h"],
  ["cuda", "CUDA failure 999: unknown error ; GPU=0"],
];

describe("what ONNX Runtime says", () => {
  for (const [device, words] of LOST) {
    it(`is a lost device: ${words.slice(-60)}`, () => {
      const { kind, message } = sessionError(new Error(words), device);
      assert.equal(kind, "device");
      assert.match(
        message,
        /^The graphics device was lost during the run.*What was found before is kept; start the run/,
      );
    });
  }

  it("is a lack of memory, also a card's", () => {
    for (const words of [
      "std::bad_alloc",
      "Failed to allocate memory for requested buffer of size 154389504",
      "CUDA failure 2: out of memory ; GPU=0",
      "VK_ERROR_OUT_OF_DEVICE_MEMORY: out of memory",
    ]) {
      assert.equal(sessionError(new Error(words), "cuda").kind, "memory", words);
    }
  });

  it("is else told as it is, without the place in its source, and with what the device needs", () => {
    const { kind, message } = sessionError(
      new Error("/onnxruntime_src/onnxruntime/core/x.cc:10 void f() status was false. No such kernel."),
      "webgpu",
    );
    assert.equal(kind, "device");
    assert.match(message, /^The network cannot run on webgpu: No such kernel\. WebGPU needs a graphics driver/);
    assert.doesNotMatch(message, /lost/);
  });
});
