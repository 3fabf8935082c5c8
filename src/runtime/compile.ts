// Graph → ONNX Runtime session. The weights stay where the checkpoint's files hold them: the session is told their
// folder, and maps them from there.

import process from "node:process";
import * as ort from "./onnxruntime.ts";
import type { StoredTensor, WeightStore } from "../checkpoints/checkpoint.ts";
import { LabError } from "../common/errors.ts";
import { type FloatArray, typeOf } from "../common/floats.ts";
import { toOnnx, type WeightLocation } from "../tensorgraph/onnx.ts";
import { HALF_MAT_MUL } from "../tensorgraph/half-product.ts";
import { type ElementType, type Tensor, topologicalOrder } from "../tensorgraph/tensor.ts";
import { type DeviceName, deviceNamed } from "./devices/devices.ts";
import { sessionError } from "./session-errors.ts";

/** `speed` keeps packed copies of the weights; `low` reads them in place at each use, and opens at once. */
export type MemoryMode = "speed" | "low";

export interface CompileOptions {
  /** Holder of the weights that the graph names; none for a graph without weights. */
  readonly weights?: WeightStore;
  readonly device: DeviceName;
  readonly memory: MemoryMode;
}

/** A graph that can be run. Holds native memory until it is released. */
export interface CompiledGraph {
  /**
   * Values of the named outputs; an input's array is read during the call only. Blocks the calling thread. Outputs that
   * `into` has arrays for are written there: new ones of many megabytes would wait for the garbage collector.
   */
  run(
    feeds: Readonly<Record<string, FloatArray>>,
    outputs: readonly string[],
    into?: Readonly<Record<string, FloatArray>>,
  ): Promise<Record<string, FloatArray>>;
  release(): Promise<void>;
}

const ELEMENT_TYPE: Readonly<Record<StoredTensor["type"], ElementType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  U8: "uint8",
};

/** Where a weight of the given shape is kept. Throws a LabError naming the weight when it is not. */
export function locateWeight(weights: WeightStore | undefined, name: string, { shape }: Tensor): WeightLocation {
  const stored = weights?.tensors.get(name);
  if (!stored) {
    throw new LabError("checkpoint", `The weight ${name} is not in the checkpoint ${weights?.source ?? "(none)"}.`);
  }
  if (stored.shape.join() !== shape.join()) {
    const [found, needed] = [stored.shape, shape].map((extents) => `[${extents.join(", ")}]`);
    throw new LabError("checkpoint", `The weight ${name} has the shape ${found}; the network needs ${needed}.`);
  }
  return { ...stored, type: ELEMENT_TYPE[stored.type] };
}

/** Throws a LabError of kind "device" when the device cannot run the graph, of kind "memory" when it does not fit. */
export async function compile(
  outputs: Readonly<Record<string, Tensor>>,
  { weights, device, memory }: CompileOptions,
): Promise<CompiledGraph> {
  const { providers, session: options, environment } = deviceNamed(device);
  Object.assign(process.env, environment);
  const model = toOnnx(outputs, (name, tensor) => locateWeight(weights, name, tensor));
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      executionProviders: [...providers] as ort.InferenceSession.ExecutionProviderConfig[],
      ...options,
      logSeverityLevel: 3,
      extra: {
        session: {
          ...(weights && { model_external_initializers_file_folder_path: weights.folder }),
          // Waiting threads sleep. Spinning gains 3 to 5 % on a quiet machine, and takes the processors away from the
          // editor and from the lab's other sessions: with VS Code on two cores a run takes more than twice as long.
          intra_op: { allow_spinning: "0" },
          ...(memory === "low" && { disable_prepacking: "1" }),
        },
        ...graphOptions(outputs),
      },
    });
  } catch (error) {
    throw sessionError(error, device);
  }
  return new Session(session, device);
}

/** What would widen matrices in 16 bits when the session is made, or hold one between the two passes. */
const EAGER_CASTS = "ConstantFolding;CommonSubexpressionElimination;FuseFp16InitializerToFp32NodeTransformer";

/** What would round a factor beside a product in float64 to float32; graphs should offer it none (docs/FLOAT64.md). */
const NARROWING_FUSION = "MatMulScaleFusion";

/** Options of a session that a graph needs. */
export function graphOptions(outputs: Readonly<Record<string, Tensor>>): Record<string, Record<string, string>> {
  const operations = topologicalOrder(Object.values(outputs));
  const disabled = [
    ...(operations.some(({ operator }) => operator === HALF_MAT_MUL) ? [EAGER_CASTS] : []),
    ...(operations.some(({ outputs }) => outputs.some(({ type }) => type === "float64")) ? [NARROWING_FUSION] : []),
  ];
  return disabled.length > 0 ? { optimization: { disable_specified_optimizers: disabled.join(";") } } : {};
}

class Session implements CompiledGraph {
  readonly #session: ort.InferenceSession;
  readonly #device: DeviceName;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #outputShapes: ReadonlyMap<string, readonly number[]>;

  constructor(session: ort.InferenceSession, device: DeviceName) {
    this.#session = session;
    this.#device = device;
    this.#shapes = shapesOf(session.inputMetadata);
    this.#outputShapes = shapesOf(session.outputMetadata);
  }

  async run(
    feeds: Readonly<Record<string, FloatArray>>,
    outputs: readonly string[],
    into: Readonly<Record<string, FloatArray>> = {},
  ) {
    const tensors: Record<string, ort.Tensor> = {};
    for (const [name, values] of Object.entries(feeds)) {
      tensors[name] = new ort.Tensor(typeOf(values), values, this.#shapes.get(name));
    }
    const wanted: Record<string, ort.Tensor | null> = {};
    for (const name of outputs) {
      const values = into[name] as FloatArray | undefined;
      wanted[name] = values ? new ort.Tensor(typeOf(values), values, this.#outputShapes.get(name)) : null;
    }
    try {
      const results = await this.#session.run(tensors, wanted);
      return Object.fromEntries(outputs.map((name) => [name, into[name] ?? (results[name].data as FloatArray)]));
    } catch (error) {
      throw sessionError(error, this.#device);
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

const shapesOf = (metadata: readonly ort.InferenceSession.ValueMetadata[]) =>
  new Map(metadata.flatMap((value) => (value.isTensor ? [[value.name, value.shape as number[]]] : [])));
