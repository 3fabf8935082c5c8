// Files of hidden states: what is read of them, and what is said of those that cannot be read.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { layOutSafetensors, type SafetensorsType } from "../../src/checkpoints/safetensors.ts";
import { describeStates, readStates, type TensorChoice } from "../../src/checkpoints/states-file.ts";
import { LabError } from "../../src/common/errors.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** Exact in every format, bfloat16's 8 bits included. */
const NUMBERS = [1, -2.5, 0.375, 96, -0.0078125, 0];

/** The upper half of a float32. */
const bfloat16 = (values: readonly number[]) =>
  Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (word) => word >>> 16);
/** Normal numbers of few digits and zero alone. */
const float16 = (values: readonly number[]) =>
  Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (word) => {
    const exponent = (word >>> 23) & 0xff;
    return exponent === 0 ? 0 : ((word >>> 16) & 0x8000) | ((exponent - 112) << 10) | ((word >>> 13) & 0x3ff);
  });

const FORMATS = [
  { type: "F64", descr: "<f8", of: (values: readonly number[]) => Float64Array.from(values) },
  { type: "F32", descr: "<f4", of: (values: readonly number[]) => Float32Array.from(values) },
  { type: "F16", descr: "<f2", of: float16 },
  { type: "BF16", descr: "<V2", of: bfloat16 },
] as const;

/** As numpy writes it: version 2 has four bytes for the header's length in place of two. */
function npy(header: string, data: Uint8Array, version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const text = header.padEnd(Math.ceil((start + header.length + 1) / 64) * 64 - start - 1) + "\n";
  const bytes = Buffer.alloc(start + text.length);
  bytes.write("\x93NUMPY", "latin1");
  bytes[6] = version;
  if (version === 1) bytes.writeUInt16LE(text.length, 8);
  else bytes.writeUInt32LE(text.length, 8);
  bytes.write(text, start, "latin1");
  return Buffer.concat([bytes, data]);
}

const npyHeader = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`;

const bytesOf = ({ buffer }: { buffer: ArrayBufferLike }) => new Uint8Array(buffer);

describe("a file of hidden states", () => {
  const newFolder = temporaryFolders();
  let folder: string;
  before(async () => (folder = await newFolder()));

  async function written(name: string, bytes: Uint8Array): Promise<string> {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    return file;
  }

  interface Tensor {
    readonly name: string;
    readonly type?: SafetensorsType;
    readonly shape?: readonly number[];
    readonly data?: Uint8Array;
  }
  const safetensors = (tensors: readonly Tensor[], metadata: Record<string, string> = {}): Promise<string> => {
    const all = tensors.map(({ name, type = "F32", shape = [2, 3], data = bytesOf(Float32Array.from(NUMBERS)) }) => {
      return { name, type, shape, data };
    });
    const { header } = layOutSafetensors(all, metadata);
    return written("x.safetensors", Buffer.concat([header, ...all.map(({ data }) => data)]));
  };

  async function refuses(file: string, pattern: RegExp, choice: TensorChoice = {}): Promise<void> {
    const read = async () => readStates(await describeStates(file, choice), "float32");
    await assert.rejects(read, (error: unknown) => {
      assert.ok(error instanceof LabError && ["badInput", "checkpoint"].includes(error.kind), String(error));
      assert.match(error.message, pattern);
      return true;
    });
  }

  for (const { type, descr, of } of FORMATS) {
    it(`is read in ${type}, as [T, D] and as [1, T, D], from both kinds of file`, async () => {
      const data = bytesOf(of(NUMBERS));
      const files = [
        () => safetensors([{ name: "h", type, shape: [1, 2, 3], data }]),
        () => written("x.npy", npy(npyHeader(descr, "2, 3"), data)),
        () => written("x.npy", npy(npyHeader(descr, "1, 2, 3"), data, 2)),
      ];
      for (const make of files) {
        const states = await describeStates(await make());
        assert.deepEqual([states.length, states.width], [2, 3]);
        const { values, isRounded } = await readStates(states, "float64");
        assert.deepEqual([...values], NUMBERS);
        assert.equal(isRounded, true);
      }
    });
  }

  it("counts as rounded when its numbers have few digits, whatever they are stored as", async () => {
    const rounded = async (values: number[]) => {
      const data = bytesOf(Float64Array.from(values));
      const file = await safetensors([{ name: "h", type: "F64", data }]);
      return (await readStates(await describeStates(file), "float32")).isRounded;
    };
    assert.equal(await rounded(NUMBERS), true);
    assert.equal(await rounded([...NUMBERS.slice(1), 1 / 3]), false);
    assert.equal(await rounded([...NUMBERS.slice(1), 1 + 2 ** -40]), false);
  });

  it("says where its states come from", async () => {
    const metadata = { checkpoint: "mini", fingerprint: "ab", blocks: "3", output: "finalNorm", token_ids: "[7, 9]" };
    const { origin } = await describeStates(await safetensors([{ name: "h" }], metadata));
    const expected = { checkpoint: "mini", fingerprint: "ab", blocks: 3, output: "finalNorm", tokenIds: [7, 9] };
    assert.deepEqual(origin, expected);
    assert.deepEqual((await describeStates(await safetensors([{ name: "h" }], { format: "pt" }))).origin, {});
    await refuses(await safetensors([{ name: "h" }], { blocks: "three" }), /says that its blocks are "three"\.$/);
    await refuses(await safetensors([{ name: "h" }], { output: "middle" }), /says that its output is "middle"\.$/);
    await refuses(
      await safetensors([{ name: "h" }], { token_ids: "[1]" }),
      /1 token_ids for the states of 2 positions/,
    );
    await refuses(await safetensors([{ name: "h" }], { token_ids: "[a, b]" }), /token_ids that are no list/);
  });

  it("has the tensor that is asked for, hidden_states, or that of the number of blocks", async () => {
    const chosen = async (names: string[], choice: TensorChoice) => {
      const { tensor, origin } = await describeStates(await safetensors(names.map((name) => ({ name }))), choice);
      return [tensor, origin.blocks];
    };
    assert.deepEqual(await chosen(["a", "hidden_states"], {}), ["hidden_states", undefined]);
    assert.deepEqual(await chosen(["a", "hidden_states"], { tensor: "a" }), ["a", undefined]);
    assert.deepEqual(await chosen(["hidden_states.1", "hidden_states.4"], { blocks: 4 }), ["hidden_states.4", 4]);
    await refuses(
      await safetensors([{ name: "a" }, { name: "b" }]),
      /several tensors, say which one is meant: a, b\.$/,
    );
    await refuses(await safetensors([{ name: "a" }]), /no tensor "c": it has a\.$/, { tensor: "c" });
    await refuses(await safetensors([]), /holds no tensor\.$/);
  });

  it("is refused in one sentence when it is something else", async () => {
    const data = bytesOf(Float32Array.from(NUMBERS));
    const npyFile = (header: string, bytes = data) => written("x.npy", npy(header, bytes));
    await refuses(path.join(folder, "nowhere.npy"), /^There is no file .*nowhere\.npy\.$/);
    await refuses(folder, /is no file\.$/);
    await refuses(
      await written("x.pt", Buffer.from("PK\x03\x04, as torch.save writes it")),
      /neither a \.safetensors nor/,
    );
    await refuses(await written("empty.npy", Buffer.alloc(0)), /neither a \.safetensors nor/);
    await refuses(await written("x.safetensors", Buffer.alloc(4)), /not a whole safetensors file/);
    await refuses(await safetensors([{ name: "h", shape: [6] }]), /h of shape \[6\]: states of one text are \[T, D\]/);
    await refuses(await safetensors([{ name: "h", type: "I32" }]), /holds h as I32/);
    await refuses(await npyFile(npyHeader("<f4", "2, 1, 3")), /shape \[2, 1, 3\]/);
    await refuses(await npyFile(npyHeader(">f4", "2, 3")), /is big endian/);
    await refuses(await npyFile(npyHeader("<i4", "2, 3")), /of the format <i4/);
    await refuses(await npyFile(npyHeader("<f4", "2, 3", "True")), /is in Fortran order/);
    await refuses(await npyFile(npyHeader("<f4", "2, 3"), data.subarray(4)), /is it cut off\?$/);
    await refuses(await npyFile("{'descr': [('x', '<f4')], }"), /without one format and shape/);
    await refuses(await npyFile(npyHeader("<f4", "2, 3")), /whose one tensor has no name/, { tensor: "h" });
    const withNumber = (value: number) => bytesOf(Float32Array.from([...NUMBERS.slice(0, 4), value, 0]));
    await refuses(await npyFile(npyHeader("<f4", "2, 3"), withNumber(NaN)), /holds NaN in the state of position 1\.$/);
    await refuses(
      await npyFile(npyHeader("<f4", "2, 3"), withNumber(-Infinity)),
      /an infinite number .* position 1\.$/,
    );
  });
});
