// What forms call the fields of an experiment and their values, where the spec's own words are short for a program.

import { t } from "@vscode/l10n";

/** Undefined where the field's own name does. */
export const fieldName = (field: string): string | undefined => fieldNames()[field];

/** "blockHead" → "Head on last block (no ln_f)"; a value without a name of its own is as it is. */
export const valueName = (field: string, value: string): string => valueNames()[field]?.[value] ?? value;

const fieldNames = (): Readonly<Record<string, string>> => ({
  every: t("Record every"),
  noiseShare: t("Noise weight s"),
  targetShare: t("Target weight t"),
  stopWhenExact: t("Stop when exact for"),
  shiftStd: t("Noise threshold σ"),
  shiftUnit: t("Unit of σ"),
  shiftDraws: t("Noise threshold draws"),
  dtype: t("Precision"),
});

const valueNames = (): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
  network: {
    gpt2: t("Transformer blocks"),
    invertible: t("Invertible"),
    notInvertible: t("Non-invertible"),
    perToken: t("Per token"),
  },
  output: {
    block: t("Last block"),
    finalNorm: t("Final LayerNorm (ln_f)"),
    blockHead: t("Head on last block (no ln_f)"),
    head: t("Head after ln_f"),
  },
  positions: { sequential: t("Sequential"), first: t("All at position 0") },
  metric: { l1: "L1", l2: "L2", cosine: t("Cosine") },
  reduction: { sum: t("Sum"), mean: t("Mean") },
  optimizer: { gd: t("Gradient descent"), adam: "Adam" },
  start: {
    matched: t("Matched moments"),
    normal: "N(0, 1)",
    source: "N(1/2, 1/20)",
    custom: t("Custom N(μ, σ)"),
  },
  decoder: { pseudoinverse: t("Pseudo-inverse"), nearest: t("Nearest (L2)"), cosine: t("Cosine") },
  shiftUnit: { absolute: t("Absolute"), embedding: t("Standard deviation of the embeddings") },
  device: {
    auto: t("Automatic"),
    cpu: t("Processor"),
    webgpu: "WebGPU",
    cuda: "CUDA",
    dml: "DirectML",
    coreml: "Core ML",
  },
  weights: { stored: t("As stored"), float16: t("16-bit"), int8: t("8-bit") },
  memory: { speed: t("Fast"), low: t("Low memory") },
  dtype: { float32: t("Single (float32)"), float64: t("Double (float64)") },
  direction: { gradient: t("Orthogonal to the gradient"), jacobian: t("Smallest singular direction") },
  vectors: { broadcast: t("One vector for all tokens"), perToken: t("One vector per token") },
  nullVector: { steady: t("Closest to the last step"), fresh: t("Drawn anew each step") },
  form: { code: t("As in the code"), equation: t("As in the equation") },
  round: {
    none: t("None"),
    float16: "float16",
    bfloat16: "bfloat16",
    int8: t("8-bit integer"),
    int4: t("4-bit integer"),
  },
});
