// What a result depends on beside its spec.

import process from "node:process";
import { env } from "./onnxruntime.ts";

/** Versions for a run's record. */
export const VERSIONS: Readonly<Record<string, string>> = {
  onnxruntime: env.versions.node ?? env.versions.common,
  node: process.versions.node,
};
