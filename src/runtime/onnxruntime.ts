// The one door to ONNX Runtime.

import "./no-telemetry.ts";
export * from "onnxruntime-node";
