// Checkpoints in 8 and 16 bits: what the numbers stand for, and files that are made once, whole or not at all.

import assert from "node:assert/strict";
import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import type { Checkpoint, StoredType } from "../../../src/checkpoints/checkpoint.ts";
import { openCheckpoint } from "../../../src/checkpoints/open.ts";
import { toFloat16, quantise } from "../../../src/checkpoints/generated/reduced-precision.ts";
import { fromFloat16, openRows } from "../../../src/checkpoints/rows.ts";
import { readSafetensorsHeader } from "../../../src/checkpoints/safetensors.ts";
import { randomStream } from "../../../src/common/random.ts";
import { LabError } from "../../../src/common/errors.ts";
import { isMatrix } from "../../../src/networks/architectures/architecture.ts";
import { blockWeights, headWeight } from "../../../src/networks/architectures/architectures.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../../support/checkpoint-folders.ts";
import { dequantisedWeight } from "../../support/quantised.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const matrices = [...blockWeights(TINY, 0), headWeight(TINY)].filter(isMatrix);

describe("a checkpoint in 8 bits", () => {
  const newFolder = temporaryFolders();

  /** A checkpoint with the given numbers in its first kernel, and a cache of its own. */
  async function checkpointWith(type: StoredType = "F32", c_attn?: ArrayLike<number>, config = TINY) {
    const weights = weightValues(config).map((tensor) => ({
      ...tensor,
      type,
      values: c_attn && tensor.name === "transformer.h.0.attn.c_attn.weight" ? c_attn : tensor.values,
    }));
    const [source, cacheFolder] = [await newFolder(), await newFolder()];
    await writeCheckpoint(source, configJson(config), weights);
    return { checkpoint: await openCheckpoint(source, { blocks: 2 }, { cacheFolder, initSeed: 0 }), cacheFolder };
  }

  function stored(checkpoint: Checkpoint, name: string): Float64Array {
    const rows = openRows(checkpoint, name);
    const values = Float64Array.from(rows.read(0, rows.rows));
    rows.close();
    return values;
  }

  /** Largest |w| of each output of a matrix [R, C]. */
  function largest(values: Float64Array, C: number, axis: 0 | 1): number[] {
    const most = new Array<number>(axis === 0 ? values.length / C : C).fill(0);
    values.forEach((value, i) => {
      const output = axis === 0 ? Math.floor(i / C) : i % C;
      most[output] = Math.max(most[output], Math.abs(value));
    });
    return most;
  }

  for (const type of ["F32", "F16", "BF16", "F64"] as const) {
    it(`is within half a step of every number stored as ${type}, a step being 1/127 of its output's largest`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: 1e6 }), fc.constantFrom(0.02, 1, 300), async (seed, spread) => {
          const { checkpoint, cacheFolder } = await checkpointWith(
            type,
            randomStream(seed, "w").normal(8 * 24, 0, spread, "float64"),
          );
          const { checkpoint: quantised } = await quantise(checkpoint, 2, "int8", { cacheFolder });
          for (const { name, outputAxis: axis } of matrices) {
            const [values, ours] = [stored(checkpoint, name), dequantisedWeight(quantised, name)];
            const C = checkpoint.tensors.get(name)!.shape[1];
            const steps = largest(values, C, axis).map((most) => most / 127);
            values.forEach((value, i) => {
              const step = steps[axis === 0 ? Math.floor(i / C) : i % C];
              assert.ok(Math.abs(ours[i] - value) <= step * (0.5 + 1e-4), `${name}[${i}]: ${ours[i]} for ${value}`);
            });
          }
        }),
        { numRuns: 5, seed: 20261124 },
      );
    });
  }

  it("in 16 bits has the nearest number to every stored one, and what is beyond them as the largest", () => {
    const wanted = [
      0,
      1,
      -1,
      0.1,
      65504,
      1e6,
      -1e6,
      2 ** -24,
      1.4 * 2 ** -24,
      2 ** -14,
      1 + 3 * 2 ** -11,
      1 + 2 ** -11,
    ];
    const got = [0, 1, -1, 0.0999755859375, 65504, 65504, -65504, 2 ** -24, 2 ** -24, 2 ** -14, 1 + 2 ** -9, 1];
    assert.deepEqual(Array.from(toFloat16(Float32Array.from(wanted), new Float64Array(2)), fromFloat16), got);
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const [half] = toFloat16(Float32Array.of(value), new Float64Array(2));
        const off = Math.abs(fromFloat16(half) - value);
        for (const other of [half - 1, half + 1]) {
          if ((other & 0x7fff) >= 0x7c00 || other < 0 || (other & 0x8000) !== (half & 0x8000)) continue;
          assert.ok(off <= Math.abs(fromFloat16(other) - value), `${value}: ${fromFloat16(half)}`);
        }
      }),
      { numRuns: 2000, seed: 20261124 },
    );
  });

  it("in 16 bits says how far its matrices are from the stored ones, and is itself where it has 16 bits", async () => {
    const { checkpoint, cacheFolder } = await checkpointWith();
    const { checkpoint: halved, error } = await quantise(checkpoint, 2, "float16", { cacheFolder });
    assert.ok(error > 5e-5 && error < 5e-4, `${error}`);
    assert.equal(halved.tensors.get("h.1.mlp.c_fc.weight")!.type, "F16");
    assert.equal(halved.tensors.get("h.1.mlp.c_fc.bias")!.type, "F32");
    assert.notEqual(halved.folder, (await quantise(checkpoint, 2, "int8", { cacheFolder })).checkpoint.folder);
    const { checkpoint: half } = await checkpointWith("F16");
    assert.deepEqual(await quantise(half, 2, "float16", { cacheFolder }), { checkpoint: half, error: 0 });
  });

  it("keeps zeros, signs and the largest number of each output, and all that is no matrix, as they are", async () => {
    const values = Float64Array.from({ length: 8 * 24 }, (_, i) => (i % 24 === 3 ? 0 : ((i % 2) * 2 - 1) * (i % 24)));
    const { checkpoint, cacheFolder } = await checkpointWith("F32", values);
    const { checkpoint: quantised } = await quantise(checkpoint, 2, "int8", { cacheFolder });
    const ours = dequantisedWeight(quantised, "h.0.attn.c_attn.weight");
    ours.forEach((value, i) => assert.ok(Math.abs(value - values[i]) <= 1e-6 * 24, `${value} ${values[i]}`));
    for (const { name, shape } of [...blockWeights(TINY, 1), { name: "ln_f.weight", shape: [8] }]) {
      if (shape.length === 2) continue;
      const { file, byteOffset, byteLength } = checkpoint.tensors.get(name)!;
      const bytes = (await readFile(path.join(checkpoint.folder, file))).subarray(byteOffset, byteOffset + byteLength);
      const copy = quantised.tensors.get(name)!;
      assert.deepEqual(
        (await readFile(path.join(quantised.folder, copy.file))).subarray(
          copy.byteOffset,
          copy.byteOffset + copy.byteLength,
        ),
        bytes,
      );
    }
    assert.equal(quantised.tensors.has("wpe.weight"), false);
  });

  it("says how far all its matrices are from the stored ones", async () => {
    const { checkpoint, cacheFolder } = await checkpointWith();
    const { checkpoint: quantised, error } = await quantise(checkpoint, 2, "int8", { cacheFolder });
    let [lost, all] = [0, 0];
    for (const index of [0, 1]) {
      for (const { name, shape } of blockWeights(TINY, index)) {
        if (shape.length < 2) continue;
        const [values, ours] = [stored(checkpoint, name), dequantisedWeight(quantised, name)];
        values.forEach((value, i) => {
          lost += (value - ours[i]) ** 2;
          all += value ** 2;
        });
      }
    }
    assert.ok(error > 1e-3 && error < 0.01, `${error}`);
    assert.ok(Math.abs(error / Math.sqrt(lost / all) - 1) < 1e-9, `${error} ${Math.sqrt(lost / all)}`);
  });

  it("is made once, block by block, in files that any reader of safetensors opens", async () => {
    const { checkpoint, cacheFolder } = await checkpointWith();
    const stages: string[] = [];
    const onProgress = ({ stage }: { stage: string }) => stages.push(stage);
    const { checkpoint: shallow } = await quantise(checkpoint, 1, "int8", { cacheFolder, onProgress });
    assert.deepEqual((await readdir(shallow.folder)).sort(), ["block-0.safetensors", "ending.safetensors"]);
    const before = await stat(path.join(shallow.folder, "block-0.safetensors"));
    const { checkpoint: deep } = await quantise(checkpoint, 2, "int8", { cacheFolder });
    assert.equal((await stat(path.join(deep.folder, "block-0.safetensors"))).mtimeMs, before.mtimeMs);
    const told = stages.length;
    assert.ok(told > 0);
    await quantise(checkpoint, 2, "int8", { cacheFolder, onProgress });
    assert.equal(stages.length, told);
    for (const file of await readdir(deep.folder)) await readSafetensorsHeader(path.join(deep.folder, file));
  });

  it("is the same bytes whoever makes it, two at once among them", async () => {
    const { checkpoint, cacheFolder } = await checkpointWith();
    const other = await newFolder();
    const [one, two, three] = await Promise.all(
      [cacheFolder, cacheFolder, other].map((folder) => quantise(checkpoint, 2, "int8", { cacheFolder: folder })),
    );
    assert.equal(one.checkpoint.folder, two.checkpoint.folder);
    for (const file of await readdir(one.checkpoint.folder)) {
      const [a, b] = [one, three].map(({ checkpoint: { folder } }) => readFile(path.join(folder, file)));
      assert.deepEqual(await a, await b, file);
    }
  });

  it("is made again where a file is cut off or is another one", async () => {
    const { checkpoint, cacheFolder } = await checkpointWith();
    const { checkpoint: quantised } = await quantise(checkpoint, 2, "int8", { cacheFolder });
    const [cut, other] = ["block-0.safetensors", "ending.safetensors"].map((file) => path.join(quantised.folder, file));
    const [right, also] = [await readFile(cut), await readFile(other)];
    await truncate(cut, right.length - 1);
    await writeFile(other, Buffer.alloc(also.length));
    await quantise(checkpoint, 2, "int8", { cacheFolder });
    assert.deepEqual([await readFile(cut), await readFile(other)], [right, also]);
  });

  it("leaves nothing behind that could be read when it is stopped", async () => {
    const { checkpoint, cacheFolder } = await checkpointWith();
    const controller = new AbortController();
    const onProgress = ({ done = 0 }) => done > 2000 && controller.abort();
    await assert.rejects(
      quantise(checkpoint, 2, "int8", { cacheFolder, signal: controller.signal, onProgress }),
      (error) => error instanceof LabError && error.kind === "cancelled",
    );
    const [folder] = await readdir(path.join(cacheFolder, "quantised"));
    const left = await readdir(path.join(cacheFolder, "quantised", folder));
    assert.deepEqual(
      left.filter((file) => file.endsWith(".tmp")),
      [],
    );
    assert.equal(left.includes("ending.safetensors"), false);
  });

  it("tells in a sentence that its folder cannot be written", async () => {
    const { checkpoint, cacheFolder } = await checkpointWith();
    await writeFile(path.join(cacheFolder, "quantised"), "a file");
    await assert.rejects(
      quantise(checkpoint, 2, "int8", { cacheFolder }),
      (error) => error instanceof LabError && error.kind === "storage" && /is not a folder/.test(error.message),
    );
  });
});
