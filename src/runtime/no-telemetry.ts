// ONNX Runtime reports to its makers from Linux on by default, model names among it. Not from here: this module is
// imported before the runtime is.

import process from "node:process";

process.env.ORT_DISABLE_TELEMETRY = "1";
