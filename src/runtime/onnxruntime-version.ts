// The version of ONNX Runtime that the lab is built with, known without loading it.

import { dependencies } from "../../package.json";

export const ONNX_RUNTIME_VERSION: string = dependencies["onnxruntime-node"];
