// The functions between the two matrices of a feed-forward layer, under the names that Hugging Face has for them.

import { gelu, greater, multiply, sigmoid, tanh, where } from "../tensorgraph/operations.ts";
import { scalar, type Tensor } from "../tensorgraph/tensor.ts";

const FUNCTIONS = {
  gelu: (x: Tensor): Tensor => gelu(x, "none"),
  gelu_new: (x: Tensor): Tensor => gelu(x, "tanh"),
  relu: (x: Tensor): Tensor => where(greater(x, 0), x, scalar(0, x.type)),
  silu: (x: Tensor): Tensor => multiply(x, sigmoid(x)),
  tanh,
  /** x σ(1.702 x), the first approximation of gelu (Hendrycks & Gimpel, 2016). */
  quick_gelu: (x: Tensor): Tensor => multiply(x, sigmoid(multiply(x, 1.702))),
} satisfies Record<string, (x: Tensor) => Tensor>;

export type Activation = keyof typeof FUNCTIONS;

/** Other names for the same functions; `gelu_fast` has √(2/π) with ten digits. */
const OTHER_NAMES: Readonly<Record<string, Activation>> = {
  gelu_python: "gelu",
  gelu_pytorch_tanh: "gelu_new",
  gelu_python_tanh: "gelu_new",
  gelu_accurate: "gelu_new",
  gelu_fast: "gelu_new",
  swish: "silu",
};

export const ACTIVATION_NAMES: readonly string[] = [...Object.keys(FUNCTIONS), ...Object.keys(OTHER_NAMES)];

/** The function of a name; undefined for one that is not known. */
export const activationNamed = (name: unknown): Activation | undefined =>
  ACTIVATION_NAMES.includes(name as string) ? (OTHER_NAMES[name as string] ?? (name as Activation)) : undefined;

export const activate = (x: Tensor, activation: Activation): Tensor => FUNCTIONS[activation](x);
