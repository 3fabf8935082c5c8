// Symbolic tensors: immutable nodes of a graph that is built once and run elsewhere. Every shape is a list of numbers.

import { LabError } from "../common/errors.ts";

export type ElementType =
  "float64" | "float32" | "float16" | "bfloat16" | "int64" | "int32" | "int8" | "uint8" | "bool";

export type AttributeValue = number | string | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One application of an ONNX operator, or of one of our own that stands for several. */
export interface Operation {
  /** The operator's name in ONNX. */
  readonly operator: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
  /** Of an operator of our own: its outputs, made of ONNX's operators. It is differentiated as one all the same. */
  readonly parts?: readonly Tensor[];
}

/** Where a tensor's values come from. */
export type Origin =
  /** Fed at every run. */
  | { readonly kind: "input"; readonly name: string }
  /** Read from the checkpoint; constant for all runs. */
  | { readonly kind: "weight"; readonly name: string }
  /** Part of the graph itself. */
  | { readonly kind: "constant"; readonly values: ArrayLike<number> }
  | { readonly kind: "operation"; readonly operation: Operation; readonly output: number };

export interface Tensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly origin: Origin;
}

export function input(name: string, shape: readonly number[], type: ElementType): Tensor {
  return { type, shape, origin: { kind: "input", name } };
}

export function weight(name: string, shape: readonly number[], type: ElementType): Tensor {
  return { type, shape, origin: { kind: "weight", name } };
}

/** Throws a LabError when the number of values is not what the shape holds. */
export function constant(values: ArrayLike<number>, shape: readonly number[], type: ElementType): Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new LabError("badInput", `A constant of shape [${shape.join(", ")}] cannot hold ${values.length} values.`);
  }
  return { type, shape, origin: { kind: "constant", values } };
}

/** A single number that takes part in any shape. */
export const scalar = (value: number, type: ElementType): Tensor => constant([value], [], type);

/** A list of whole numbers, as operators take shapes and axes. */
export const integers = (values: readonly number[]): Tensor => constant(values, [values.length], "int64");

/** Applies an operator; one output tensor for each given type and shape. */
export function apply(
  operator: string,
  inputs: readonly Tensor[],
  outputs: readonly { readonly type: ElementType; readonly shape: readonly number[] }[],
  attributes: Attributes = {},
  parts?: readonly Tensor[],
): readonly Tensor[] {
  const results: Tensor[] = [];
  const operation: Operation = { operator, inputs, attributes, outputs: results, parts };
  outputs.forEach(({ type, shape }, output) =>
    results.push({ type, shape, origin: { kind: "operation", operation, output } }),
  );
  return results;
}

/** An operator of our own, which has a gradient rule as a whole and is emitted as the given parts, one an output. */
export function compound(
  operator: string,
  inputs: readonly Tensor[],
  parts: readonly Tensor[],
  attributes: Attributes = {},
): readonly Tensor[] {
  return apply(operator, inputs, parts, attributes, parts);
}

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);

/** Operations that the given tensors depend on, each after all that it depends on itself. */
export function topologicalOrder(
  tensors: readonly Tensor[],
  dependencies: (operation: Operation) => readonly Tensor[] = ({ inputs }) => inputs,
): Operation[] {
  const order: Operation[] = [];
  const visited = new Set<Operation>();
  // An explicit stack: a 48-block network is deeper than JavaScript's own.
  const stack: { operation: Operation; from: readonly Tensor[]; next: number }[] = [];
  const push = ({ origin }: Tensor): void => {
    if (origin.kind !== "operation" || visited.has(origin.operation)) return;
    visited.add(origin.operation);
    stack.push({ operation: origin.operation, from: dependencies(origin.operation), next: 0 });
  };
  for (const tensor of tensors) {
    push(tensor);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.from.length) push(top.from[top.next++]);
      else order.push(stack.pop()!.operation);
    }
  }
  return order;
}
