// Graph → ONNX bytes. Weights are not copied: each initialiser names the file, offset and length where its values lie
// (ONNX external data), so the bytes are a few kilobytes whatever the network's size.

import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { LabError } from "../common/errors.ts";
import { type AttributeValue, type ElementType, type Operation, type Tensor, topologicalOrder } from "./tensor.ts";

/** Opset 20 is the first with Gelu; IR version 9 is the one that belongs to it. */
const OPSET = 20n;
const IR_VERSION = 9n;

const DATA_TYPE: Readonly<Record<ElementType, TensorProto_DataType>> = {
  float64: TensorProto_DataType.DOUBLE,
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  int8: TensorProto_DataType.INT8,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
};

/** Where a weight's values lie. Stored types other than the graph's own are cast once, when the graph is opened. */
export interface WeightLocation {
  /** File name in the folder that the reader of the graph is told. */
  readonly file: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly type: ElementType;
}

/**
 * A model whose outputs are the given tensors under the given names. Inputs are all input tensors that they depend on.
 * `locate` tells where a weight lies and may throw.
 */
export function toOnnx(
  outputs: Readonly<Record<string, Tensor>>,
  locate: (weightName: string, tensor: Tensor) => WeightLocation,
): Uint8Array {
  const results = Object.entries(outputs);
  const tensors = results.map(([, tensor]) => tensor);
  const operations = topologicalOrder(tensors, ({ parts, inputs }) => parts ?? inputs);
  // ONNX Runtime runs, of what a node waits for, the earlier ones last: a weight that is widened stands first, and is
  // widened when its turn comes, not before everything else.
  operations.sort((a, b) => Number(isOfWeights(b)) - Number(isOfWeights(a)));
  const inputs = new Map<string, Tensor>();
  const initializers = new Map<string, TensorProto>();
  const nodes: NodeProto[] = [];
  const casts = new Set<string>();
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of results) {
    if (tensor.origin.kind === "operation" && !tensor.origin.operation.parts) names.set(tensor, name);
  }

  const addNode = (operator: string, from: string[], to: string[], attributes: AttributeProto[] = []): void => {
    nodes.push(create(NodeProtoSchema, { opType: operator, input: from, output: to, attribute: attributes }));
  };

  /** The name a tensor goes by; a leaf is declared when it is first named. */
  const nameOf = (tensor: Tensor): string => {
    const known = names.get(tensor);
    if (known !== undefined) return known;
    const { origin, shape, type } = tensor;
    let name: string;
    switch (origin.kind) {
      case "operation":
        if (origin.operation.parts) return nameOf(origin.operation.parts[origin.output]);
        name = `${origin.operation.operator}_${names.size}`;
        break;
      case "constant":
        name = `constant_${names.size}`;
        initializers.set(name, constantProto(name, origin.values, shape, type));
        break;
      case "input":
        name = origin.name;
        if (inputs.has(name)) throw new LabError("badInput", `Two inputs of the graph are called ${name}.`);
        inputs.set(name, tensor);
        break;
      case "weight": {
        const location = locate(origin.name, tensor);
        name = location.type === type ? origin.name : `${origin.name} as ${type}`;
        if (!initializers.has(origin.name)) {
          initializers.set(origin.name, externalProto(origin.name, shape, location));
        }
        if (name !== origin.name && !casts.has(name)) {
          casts.add(name);
          addNode("Cast", [origin.name], [name], [castTo(type)]);
        }
        break;
      }
    }
    names.set(tensor, name);
    return name;
  };

  for (const { operator, inputs: from, outputs: to, attributes, parts } of operations) {
    if (parts) continue;
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    if (operator === "Cast") attribute.push(castTo(to[0].type));
    // Inputs first: a cast weight puts its own node before this one.
    const fromNames = from.map(nameOf);
    addNode(operator, fromNames, to.map(nameOf), attribute);
  }
  for (const [name, tensor] of results) if (nameOf(tensor) !== name) addNode("Identity", [nameOf(tensor)], [name]);

  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "inversion-lab",
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: OPSET })],
    graph: create(GraphProtoSchema, {
      name: "network",
      node: nodes,
      initializer: [...initializers.values()],
      input: [...inputs].map(([name, tensor]) => valueInfo(name, tensor)),
      output: results.map(([name, tensor]) => valueInfo(name, tensor)),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

const isOfWeights = ({ inputs }: Operation): boolean => inputs.every(({ origin }) => origin.kind === "weight");

const castTo = (type: ElementType): AttributeProto => attributeProto("to", DATA_TYPE[type]);

/** Those that are floats, also where they are whole numbers. */
const FLOAT_ATTRIBUTES = ["epsilon"];

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  const { INT, FLOAT, STRING, INTS } = AttributeProto_AttributeType;
  if (typeof value === "string") {
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value) });
  }
  if (typeof value !== "number") return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
  return Number.isInteger(value) && !FLOAT_ATTRIBUTES.includes(name)
    ? create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) })
    : create(AttributeProtoSchema, { name, type: FLOAT, f: value });
}

const dimensions = (shape: readonly number[]): bigint[] => shape.map(BigInt);

function constantProto(
  name: string,
  values: ArrayLike<number>,
  shape: readonly number[],
  type: ElementType,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DATA_TYPE[type],
    dims: dimensions(shape),
    rawData: new Uint8Array(packed(values, type)),
  });
}

function packed(values: ArrayLike<number>, type: ElementType): ArrayBuffer {
  switch (type) {
    case "float64":
      return Float64Array.from(values).buffer;
    case "float32":
      return Float32Array.from(values).buffer;
    case "int64":
      return BigInt64Array.from(Array.from(values, BigInt)).buffer;
    case "int32":
      return Int32Array.from(values).buffer;
    case "int8":
      return Int8Array.from(values).buffer;
    case "uint8":
    case "bool":
      return Uint8Array.from(values).buffer;
    case "float16":
    case "bfloat16":
      throw new LabError("badInput", `Constants of type ${type} are not supported; cast one of float32.`);
  }
}

function externalProto(name: string, shape: readonly number[], location: WeightLocation): TensorProto {
  const entry = (key: string, value: string | number) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) });
  return create(TensorProtoSchema, {
    name,
    dataType: DATA_TYPE[location.type],
    dims: dimensions(shape),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      entry("location", location.file),
      entry("offset", location.byteOffset),
      entry("length", location.byteLength),
    ],
  });
}

function valueInfo(name: string, { type, shape }: Tensor) {
  const dim = shape.map((extent) => ({ value: { case: "dimValue" as const, value: BigInt(extent) } }));
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: { case: "tensorType", value: { elemType: DATA_TYPE[type], shape: { dim } } },
    }),
  });
}
