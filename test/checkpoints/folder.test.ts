import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { allFinite } from "../../src/checkpoints/audit.ts";
import type { StoredType } from "../../src/checkpoints/checkpoint.ts";
import { parseConfig, SIZE_NAMES, sizedConfig } from "../../src/checkpoints/config.ts";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { fromFloat16, readRows } from "../../src/checkpoints/rows.ts";
import { LabError } from "../../src/common/errors.ts";
import {
  configJson,
  safetensorsBytes,
  type TensorValues,
  TINY,
  weightValues,
  writeCheckpoint,
} from "../support/checkpoint-folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("a checkpoint folder", () => {
  const newFolder = temporaryFolders();
  let cacheFolder: string;
  before(async () => {
    cacheFolder = await newFolder();
  });
  const opened = (source: string, blocks = 2) => openCheckpoint(source, { blocks }, { cacheFolder, initSeed: 0 });
  const written = async (tensors: readonly TensorValues[], config: object = configJson(TINY)) =>
    writeCheckpoint(await newFolder(), config, tensors);
  const refused = (source: string, sentence: RegExp, blocks = 2) =>
    assert.rejects(opened(source, blocks), (error: unknown) => {
      assert.ok(error instanceof LabError, String(error));
      assert.equal(error.kind, "checkpoint");
      assert.match(error.message, sentence);
      assert.match(error.message, /^[^\n]{20,500}\.$/);
      return true;
    });
  const weights = weightValues(TINY);
  const changed = (name: string, change: Partial<TensorValues>) =>
    weights.map((tensor) => (tensor.name === name ? { ...tensor, ...change } : tensor));
  const valuesOf = (name: string) => Float32Array.from(weights.find((tensor) => tensor.name === name)!.values);

  it("opens with and without the prefix, as the same checkpoint", async () => {
    const [prefixed, plain] = await Promise.all(
      [weights, weightValues(TINY, "")].map(async (w) => opened(await written(w))),
    );
    assert.deepEqual([...plain.tensors.keys()].sort(), [...prefixed.tensors.keys()].sort());
    assert.equal(plain.fingerprint, prefixed.fingerprint);
    assert.deepEqual(plain.config, { ...TINY, initializerRange: 0.02 });
    const ids = [3, 0, 49];
    const expected = ids.flatMap((id) => [...valuesOf("transformer.wte.weight").subarray(id * 8, (id + 1) * 8)]);
    for (const checkpoint of [plain, prefixed]) {
      assert.deepEqual(readRows(checkpoint, "wte.weight", ids), Float32Array.from(expected));
    }
  });

  it("opens from an index and its shards, as the same checkpoint", async () => {
    const folder = await newFolder();
    await writeFile(path.join(folder, "config.json"), JSON.stringify(configJson(TINY)));
    const map: Record<string, string> = {};
    for (const [index, part] of [weights.slice(0, 10), weights.slice(10)].entries()) {
      const file = `model-0000${index + 1}-of-00002.safetensors`;
      await writeFile(path.join(folder, file), safetensorsBytes(part));
      for (const { name } of part) map[name] = file;
    }
    const index = path.join(folder, "model.safetensors.index.json");
    const save = (weight_map: object) => writeFile(index, JSON.stringify({ metadata: {}, weight_map }));
    await save(map);
    const sharded = await opened(folder);
    assert.equal(sharded.fingerprint, (await opened(await written(weights))).fingerprint);
    assert.equal(new Set([...sharded.tensors.values()].map(({ file }) => file)).size, 2);

    // An index that is older than its files: every weight is there all the same.
    await save({ ...map, "transformer.wte.weight": "model-00002-of-00002.safetensors", "gone": Object.values(map)[0] });
    assert.equal((await opened(folder)).fingerprint, sharded.fingerprint);
    delete map["transformer.wte.weight"];
    await save(map);
    assert.equal((await opened(folder)).fingerprint, sharded.fingerprint);
    await save({ ...map, "transformer.wte.weight": "../x.safetensors" });
    await refused(folder, /"\.\.\/x\.safetensors" is not a safetensors file beside it/);
    await save({ ...map, "transformer.wte.weight": "gone.safetensors" });
    await refused(folder, /gone\.safetensors is not a whole safetensors file: it is not there/);
    await writeFile(index, "{}");
    await refused(folder, /no weight_map/);
    await writeFile(index, "{");
    await refused(folder, /is not an index of weights/);
  });

  it("opens the first blocks of a deeper one without looking for the others", async () => {
    const folder = await written(weights.filter(({ name }) => !name.includes("h.1.")));
    const { tensors } = await opened(folder, 1);
    assert.equal(tensors.size, 4 + 12);
    await refused(folder, /The weight h\.1\.ln_1\.weight of .* is missing/);
    await assert.rejects(opened(folder, 3), {
      kind: "badInput",
      message: `3 blocks were asked for, and ${folder} has 2.`,
    });
  });

  it("takes a tensor that two shards have from the one that the index names", async () => {
    const folder = await newFolder();
    await writeFile(path.join(folder, "config.json"), JSON.stringify(configJson(TINY)));
    const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const [wte] = weights;
    const old = { ...wte, values: Array.from(wte.values, () => 0) };
    await writeFile(path.join(folder, shards[0]), safetensorsBytes([old, ...weights.slice(1, 10)]));
    await writeFile(path.join(folder, shards[1]), safetensorsBytes([wte, ...weights.slice(10)]));
    for (const place of [1, 0]) {
      const map = Object.fromEntries(weights.map(({ name }, i) => [name, shards[i < 10 ? 0 : 1]]));
      map[wte.name] = shards[place];
      await writeFile(path.join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
      assert.equal((await opened(folder)).tensors.get("wte.weight")?.file, shards[place]);
    }
  });

  it("ignores buffers of any format, and the stored copy of a tied head", async () => {
    const ones = (name: string, type: TensorValues["type"], shape: number[], value: number): TensorValues => ({
      name,
      type,
      shape,
      values: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(value),
    });
    const folder = await written([
      ...weights,
      ones("transformer.h.0.attn.bias", "BOOL", [1, 1, 6, 6], 1),
      ones("transformer.h.0.attn.masked_bias", "F32", [], -Infinity),
      ones("scales", "F8_E8M0", [3], 1),
      ones("a.codes", "F4", [2], 1),
      ones("b.codes", "F6_E2M3", [4], 1),
      ones("phases", "C64", [0], 1),
      { ...weights[0], name: "lm_head.weight" },
    ]);
    const checkpoint = await opened(folder);
    assert.equal(checkpoint.tensors.has("lm_head.weight"), false);
    assert.equal(checkpoint.ownHead, undefined);
    assert.equal(checkpoint.fingerprint, (await opened(await written(weights))).fingerprint);
  });

  it("has a head of its own where the file has one that differs, and says so", async () => {
    const own = weightValues({ ...TINY, tiedHead: false });
    const checkpoint = await opened(await written(own));
    assert.equal(checkpoint.ownHead, true);
    assert.deepEqual(checkpoint.tensors.get("lm_head.weight")?.shape, [50, 8]);
    const stated = await opened(await written(own, configJson({ ...TINY, tiedHead: false })));
    assert.equal(checkpoint.fingerprint, stated.fingerprint);
    assert.equal(stated.ownHead, undefined);
    const misshapen = own.map((each) => (each.name === "lm_head.weight" ? { ...each, shape: [8, 50] } : each));
    await refused(await written(misshapen), /lm_head\.weight of .* has the shape \[8, 50\]/);
  });

  it("takes the head for the embedding where a file has one name for both", async () => {
    const [wte, ...others] = weights;
    const folder = await written([...others, { ...wte, name: "lm_head.weight" }]);
    const checkpoint = await opened(folder);
    assert.equal(checkpoint.fingerprint, (await opened(await written(weights))).fingerprint);
    assert.deepEqual(readRows(checkpoint, "wte.weight", [0]), valuesOf("transformer.wte.weight").subarray(0, 8));
    const untied = configJson({ ...TINY, tiedHead: false });
    await refused(
      await written([...others, { ...wte, name: "lm_head.weight" }], untied),
      /wte\.weight of .* is missing/,
    );
  });

  for (const prefix of ["_orig_mod.", "module.", "model.", "_orig_mod.transformer.", "module.model.transformer."]) {
    it(`opens with the prefix ${prefix}`, async () => {
      const { fingerprint } = await opened(await written(weightValues(TINY, prefix)));
      assert.equal(fingerprint, (await opened(await written(weights))).fingerprint);
    });
  }

  it("has Hugging Face's common names for its sizes, which win", async () => {
    const { n_embd, n_head, n_layer, n_positions, ...rest } = configJson(TINY);
    const common = { hidden_size: n_embd, num_attention_heads: n_head, num_hidden_layers: n_layer };
    const all = { ...rest, ...common, max_position_embeddings: n_positions };
    const { fingerprint } = await opened(await written(weights));
    for (const config of [all, { ...all, n_embd: 12, n_head: 5, n_layer: 7, n_positions: 3 }]) {
      assert.equal((await opened(await written(weights, config))).fingerprint, fingerprint);
    }
    assert.equal((await opened(await written(weights, { ...configJson(TINY), hidden_size: null }))).config.width, 8);
    await refused(
      await written(weights, { ...all, hidden_size: 9 }),
      /its hidden_size, 9, is not divisible by its num_att/,
    );
    await refused(await written(weights, { ...all, num_hidden_layers: 0 }), /its num_hidden_layers is 0/);
    const file = path.join(await written(weights, all), "config.json");
    assert.equal((await opened(`random:${file}?n_embd=4`)).config.width, 4);
  });

  it("has a config.json as Python writes it, and fields that change nothing", async () => {
    const folder = await written(weights);
    const { fingerprint } = await opened(folder);
    const file = path.join(folder, "config.json");
    const text = JSON.stringify({
      ...configJson(TINY),
      name: 'NaN "x" Infinity',
      use_cache: false,
      quantization_config: null,
    });
    await writeFile(file, `\ufeff${text.replace("{", '{"a":NaN,"b":[-Infinity,Infinity],')}`);
    assert.equal((await opened(folder)).fingerprint, fingerprint);
    const { json } = parseConfig(await readFile(file, "utf8"), file);
    assert.deepEqual([json["name"], json["a"], json["b"]], ['NaN "x" Infinity', "NaN", ["-Infinity", "Infinity"]]);
    await writeFile(file, text.replace('"n_layer":2', '"n_layer":NaN'));
    await refused(folder, /its n_layer is "NaN"/);
  });

  it("has weights whose metadata are null", async () => {
    const bytes = Buffer.from(safetensorsBytes(weights));
    const folder = await written(weights);
    const at = bytes.indexOf('{"format":"pt"}');
    bytes.write("null".padEnd('{"format":"pt"}'.length), at);
    await writeFile(path.join(folder, "model.safetensors"), bytes);
    assert.equal((await opened(folder)).fingerprint, (await opened(await written(weights))).fingerprint);
  });

  it("has a head of its own where its configuration says so", async () => {
    const own = { ...TINY, tiedHead: false };
    const checkpoint = await opened(await written(weightValues(own), configJson(own)));
    assert.deepEqual(checkpoint.tensors.get("lm_head.weight")?.shape, [50, 8]);
    await refused(await written(weights, configJson(own)), /The weight lm_head\.weight of .* is missing/);
  });

  for (const type of ["F64", "F32", "F16", "BF16"] as const) {
    it(`reads rows stored as ${type}`, async () => {
      const name = "transformer.wte.weight";
      const checkpoint = await opened(await written(changed(name, { type })));
      const rows = readRows(checkpoint, "wte.weight", [7, 7, 1]);
      assert.ok(type === "F64" ? rows instanceof Float64Array : rows instanceof Float32Array);
      const exact = weights.find((tensor) => tensor.name === name)!.values;
      const step = { F64: 0, F32: 2 ** -24, F16: 2 ** -10, BF16: 2 ** -7 }[type];
      [7, 7, 1].forEach((id, row) => {
        for (let i = 0; i < 8; i++) {
          const value = exact[id * 8 + i];
          assert.ok(Math.abs(rows[row * 8 + i] - value) <= Math.abs(value) * step, `${rows[row * 8 + i]} for ${value}`);
        }
      });
      assert.throws(() => readRows(checkpoint, "wte.weight", [50]), {
        kind: "badInput",
        message: /no row 50 in wte\.weight of .*, which has 50/,
      });
    });
  }

  it("reads every half-precision number as what it is", () => {
    assert.deepEqual([0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0xc000, 0x7bff, 0x3555].map(fromFloat16), [
      0,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      1,
      -2,
      65504,
      0.333251953125,
    ]);
    assert.ok(Object.is(fromFloat16(0x8000), -0));
    assert.deepEqual([0x7c00, 0xfc00, 0x7e00].map(fromFloat16), [Infinity, -Infinity, NaN]);
  });

  describe("with numbers that are not finite", () => {
    for (const type of ["F64", "F32", "F16", "BF16"] as const) {
      for (const value of [NaN, Infinity, -Infinity]) {
        it(`names the weight that holds ${value} as ${type}`, async () => {
          const values = Array.from(valuesOf("transformer.h.1.mlp.c_fc.weight"));
          const bad = { type, values: values.with(values.length - 1, value) };
          // The half-precision writer of these tests knows finite numbers only.
          const stored = type === "F16" ? { type, values } : bad;
          const folder = await written(changed("transformer.h.1.mlp.c_fc.weight", stored));
          if (type === "F16") await overwriteLast(folder, value);
          await refused(folder, /The weight h\.1\.mlp\.c_fc\.weight of .* not finite/);
          await refused(folder, /not finite/); // from the cache
          assert.equal((await opened(folder, 1)).tensors.has("h.1.mlp.c_fc.weight"), false);
        });
      }
    }

    /** Puts a half-precision NaN or infinity at the end of h.1.mlp.c_fc.weight. */
    async function overwriteLast(folder: string, value: number): Promise<void> {
      const file = path.join(folder, "model.safetensors");
      const bytes = await readFile(file);
      const json = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as Record<
        string,
        { data_offsets: number[] }
      >;
      const end = 8 + Number(bytes.readBigUInt64LE(0)) + json["transformer.h.1.mlp.c_fc.weight"].data_offsets[1];
      bytes.writeUInt16LE(Number.isNaN(value) ? 0x7e00 : value > 0 ? 0x7c00 : 0xfc00, end - 2);
      await writeFile(file, bytes);
    }

    it("finds one at the start of a large weight", async () => {
      const config = { ...TINY, vocabulary: 150_000 }; // 4.8 MB: more than is looked at at a time
      const [wte, ...others] = weightValues(config);
      const folder = await written(
        [{ ...wte, values: Array.from(wte.values).with(0, NaN) }, ...others],
        configJson(config),
      );
      await refused(folder, /The weight wte\.weight of .* not finite/);
    });

    it("knows them from all others", () => {
      const arrays: [StoredType, (bytes: Uint8Array) => ArrayLike<number>][] = [
        ["F64", ({ buffer }) => new Float64Array(buffer)],
        ["F32", ({ buffer }) => new Float32Array(buffer)],
        ["F16", ({ buffer }) => Array.from(new Uint16Array(buffer), fromFloat16)],
      ];
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(1), (bytes, ones) => {
          if (ones) bytes[7] |= bytes[6] |= 0x7c; // makes such numbers likely
          const own = Uint8Array.from(bytes);
          for (const [type, read] of arrays) {
            assert.equal(allFinite(own, type), Array.from(read(own)).every(Number.isFinite), type);
          }
        }),
        { numRuns: 1000 },
      );
    });
  });

  it("is looked through once, and again when it changed", async () => {
    const folder = await written(weights);
    const read = async () => {
      let bytes = 0;
      const onProgress = ({ done }: { done?: number }) => (bytes = done ?? 0);
      const { fingerprint } = await openCheckpoint(folder, { blocks: 1 }, { cacheFolder, initSeed: 0, onProgress });
      return { bytes, fingerprint };
    };
    const first = await read();
    assert.ok(first.bytes > 0);
    assert.deepEqual(await read(), { ...first, bytes: 0 });
    for (const name of await readdir(path.join(cacheFolder, "audits"))) {
      await writeFile(path.join(cacheFolder, "audits", name), '{"tensors":{}}');
    }
    assert.deepEqual(await read(), first, "a damaged memory is not believed");
    const other = changed("transformer.wpe.weight", { values: new Float32Array(48) });
    await writeFile(path.join(folder, "model.safetensors"), safetensorsBytes(other));
    const third = await read();
    assert.equal(third.bytes, first.bytes);
    assert.notEqual(third.fingerprint, first.fingerprint);
  });

  it("opens although the cache cannot be written", async () => {
    const folder = await written(weights);
    const options = { cacheFolder: path.join(folder, "config.json", "cache"), initSeed: 0 };
    assert.equal((await openCheckpoint(folder, { blocks: 1 }, options)).tensors.size, 16);
  });

  it("follows links to the folder where the bytes lie, as the Hugging Face cache has them", async () => {
    const base = await newFolder();
    const [blobs, snapshot] = [path.join(base, "blobs"), path.join(base, "snapshots", "abc")];
    await mkdir(blobs);
    await mkdir(snapshot, { recursive: true });
    await writeFile(path.join(blobs, "1111"), JSON.stringify(configJson(TINY)));
    await writeFile(path.join(blobs, "2222"), safetensorsBytes(weights));
    await symlink("../../blobs/1111", path.join(snapshot, "config.json"));
    await symlink("../../blobs/2222", path.join(snapshot, "model.safetensors"));
    const checkpoint = await opened(snapshot);
    assert.equal(checkpoint.folder, blobs);
    assert.equal(checkpoint.tensors.get("wte.weight")?.file, "2222");
    assert.equal(readRows(checkpoint, "wpe.weight", [0]).length, 8);
  });

  it("comes with the program under the name mini", async () => {
    const modelsFolder = await newFolder();
    const folder = await writeCheckpoint(path.join(modelsFolder, "mini"), configJson(TINY), weights);
    const options = { cacheFolder, initSeed: 0, modelsFolder };
    const [named, direct] = [await openCheckpoint("mini", { blocks: 2 }, options), await opened(folder)];
    assert.deepEqual(named, { ...direct, source: "mini" });
    await assert.rejects(openCheckpoint("mini", { blocks: 3 }, options), {
      kind: "badInput",
      message: "3 blocks were asked for, and mini has 2.",
    });
    await refused("mini", /There is no checkpoint "mini"/);
  });

  describe("is refused", () => {
    it("when it is not there, or is a file", async () => {
      await refused("/nowhere/at/all", /There is no checkpoint "\/nowhere\/at\/all".*random:gpt2/);
      const folder = await written(weights);
      await refused(path.join(folder, "model.safetensors"), /is a file: name the folder/);
    });

    it("without config.json, without weights, with a truncated file", async () => {
      const folder = await written(weights);
      const file = path.join(folder, "model.safetensors");
      await truncate(file, (await readFile(file)).length - 1);
      await refused(folder, /is it cut off\?/);
      await rm(file);
      await refused(folder, /holds neither model\.safetensors nor/);
      await rm(path.join(folder, "config.json"));
      await refused(folder, /is not the folder of a checkpoint: it has no config\.json/);
    });

    it("with a weight of the wrong shape, of the wrong format, or twice", async () => {
      await refused(
        await written(changed("transformer.wpe.weight", { shape: [8, 6] })),
        /wpe\.weight of .* has the shape \[8, 6\], and its config\.json asks for \[6, 8\]/,
      );
      await refused(
        await written(changed("transformer.ln_f.bias", { type: "U8", values: new Array<number>(8).fill(0) })),
        /ln_f\.bias of .* is stored as U8/,
      );
      await refused(
        await written([...weights, { ...weights[0], name: "wte.weight" }]),
        /wte\.weight twice, as transformer\.wte\.weight and as wte\.weight/,
      );
    });

    const CONFIGS: [change: Record<string, unknown>, sentence: RegExp][] = [
      [{ n_head: 3 }, /n_embd, 8, is not divisible by its n_head, 3/],
      [{ activation_function: "mish" }, /activation_function is "mish", and must be one of gelu, gelu_new, relu/],
      [{ model_type: "opt" }, /architecture is "opt"/],
      [{ model_type: undefined, architectures: ["OPTForCausalLM"] }, /architecture is "OPTForCausalLM"/],
      [{ model_type: undefined }, /names no architecture/],
      [{ scale_attn_weights: 1 }, /scale_attn_weights is 1/],
      [{ add_cross_attention: true }, /add_cross_attention is true/],
      [{ n_layer: 0 }, /n_layer is 0, and must be a whole number/],
      [{ n_layer: 1025 }, /it has 1025 blocks, and at most 1024 are supported/],
      [{ n_layer: Number.MAX_SAFE_INTEGER }, /at most 1024/],
      [{ n_embd: 2 ** 40, n_head: 1 }, /its sizes are beyond what can be counted/],
      [{ vocab_size: 2 ** 52 }, /its sizes are beyond what can be counted/],
      [{ n_inner: 2 ** 50 }, /its sizes are beyond what can be counted/],
      [{ n_positions: 2 ** 52 }, /its sizes are beyond what can be counted/],
      [{ initializer_range: 1e30 }, /initializer_range is 1e\+30, and must be a positive number, at most 1000/],
      [{ layer_norm_epsilon: 1e300 }, /layer_norm_epsilon is 1e\+300/],
      [{ n_layer: "12" }, /n_layer is "12"/],
      [{ vocab_size: 2.5 }, /vocab_size is 2\.5/],
      [{ layer_norm_epsilon: 0 }, /layer_norm_epsilon is 0, and must be a positive number/],
      [{ is_causal: false }, /is_causal is false/],
      [{ quantization_config: { quant_method: "gptq" } }, /quantization_config is \{"quant_method":"gptq"\}/],
      [{ tie_word_embeddings: "yes" }, /tie_word_embeddings is "yes"/],
    ];
    for (const [change, sentence] of CONFIGS) {
      it(`with a configuration of ${JSON.stringify(change)}`, async () => {
        await refused(await written(weights, { ...configJson(TINY), ...change }), sentence);
      });
    }

    for (const [what, text] of [
      ["broken JSON", "{"],
      ["a list", "[]"],
      ["nothing", ""],
      ["two megabytes", JSON.stringify({ model_type: "gpt2", padding: "x".repeat(2e6) })],
    ]) {
      it(`with a config.json of ${what}`, async () => {
        const folder = await written(weights);
        await writeFile(path.join(folder, "config.json"), text);
        await refused(folder, /config\.json cannot be used: it (is|has)/);
      });
    }
  });

  describe("whatever its files hold", () => {
    const hostile = fc.oneof(
      fc.constantFrom<unknown>(
        -1,
        0.5,
        2 ** 31,
        2 ** 53,
        2 ** 60,
        1e308,
        "",
        "F32",
        "U8",
        "F8_E5M2",
        null,
        true,
        [],
        {},
      ),
      fc.constantFrom<unknown>([0], [2 ** 53, 2 ** 53], [[]], [0, 4], [4, 0], [-4, 4], "__proto__", "constructor"),
      fc.jsonValue(),
    );
    /** A place in a JSON value, found by going down some steps. */
    const mutation = fc.record({
      steps: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
      value: hostile,
      how: fc.constantFrom("set", "remove", "copy"),
    });
    const mutated = (
      json: unknown,
      { steps, value, how }: { steps: number[]; value: unknown; how: string },
    ): unknown => {
      const root = structuredClone(json);
      let at = root as Record<string, unknown>;
      for (const [index, step] of steps.entries()) {
        const keys = Object.keys(at);
        const key = keys[step % Math.max(1, keys.length)] ?? "new";
        const inner = at[key];
        if (index + 1 < steps.length && typeof inner === "object" && inner !== null && Object.keys(inner).length > 0) {
          at = inner as Record<string, unknown>;
          continue;
        }
        if (how === "remove") delete at[key];
        else if (how === "copy") at[`${key}.`] = inner;
        else at[key] = value;
        break;
      }
      return root;
    };
    const opensOrSays = async (folder: string) => {
      try {
        const { tensors } = await opened(folder, 1);
        for (const { byteOffset, byteLength } of tensors.values()) assert.ok(byteOffset >= 0 && byteLength >= 0);
      } catch (error) {
        assert.ok(error instanceof LabError, String(error));
        assert.ok(["checkpoint", "badInput"].includes(error.kind), error.kind);
        assert.match(error.message, /^[^\n]{20,1000}[.?]$/);
      }
    };
    const bytes = safetensorsBytes(weights);
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as object;
    const withHeader = (text: string, claimed?: bigint) => {
      const json = new TextEncoder().encode(text);
      const length = BigUint64Array.of(claimed ?? BigInt(json.length));
      return Buffer.concat([new Uint8Array(length.buffer), json, bytes.subarray(8 + headerBytes)]);
    };

    it("it opens or says why not: the weights file", async () => {
      const folder = await written(weights);
      const file = path.join(folder, "model.safetensors");
      const claimed = fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined, freq: 5 });
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { maxLength: 3 }), claimed, async (changes, length) => {
          await writeFile(file, withHeader(JSON.stringify(changes.reduce<unknown>(mutated, header)), length));
          await opensOrSays(folder);
        }),
        { numRuns: 200 },
      );
    });

    it("it opens or says why not: the bytes of the weights file", async () => {
      const folder = await written(weights);
      const file = path.join(folder, "model.safetensors");
      const damage = fc.array(fc.tuple(fc.nat(headerBytes + 8), fc.nat(255)), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(damage, fc.nat(bytes.length), async (places, length) => {
          const damaged = Uint8Array.from(bytes);
          for (const [place, byte] of places) damaged[place] = byte;
          await writeFile(file, length % 3 === 0 ? damaged.subarray(0, length) : damaged);
          await opensOrSays(folder);
        }),
        { numRuns: 200 },
      );
    });

    it("it opens or says why not: config.json and the index", async () => {
      const folder = await written(weights);
      await rename(path.join(folder, "model.safetensors"), path.join(folder, "a.safetensors"));
      const index = { weight_map: Object.fromEntries(weights.map(({ name }) => [name, "a.safetensors"])) };
      await fc.assert(
        fc.asyncProperty(mutation, mutation, fc.boolean(), async (one, other, both) => {
          const changed = JSON.stringify(mutated(configJson(TINY), one));
          await writeFile(path.join(folder, "config.json"), both ? changed : JSON.stringify(configJson(TINY)));
          await writeFile(path.join(folder, "model.safetensors.index.json"), JSON.stringify(mutated(index, other)));
          await opensOrSays(folder);
        }),
        { numRuns: 200 },
      );
    });
  });

  it("has the sizes of GPT2Config() where config.json says nothing", () => {
    const { config } = parseConfig('{"architectures":["GPT2LMHeadModel"],"n_inner":null}', "config.json");
    assert.deepEqual(config, {
      blocks: 12,
      width: 768,
      heads: 12,
      innerWidth: 3072,
      positions: 1024,
      vocabulary: 50257,
      epsilon: 1e-5,
      tiedHead: true,
      initializerRange: 0.02,
    });
    for (const name of SIZE_NAMES) parseConfig(JSON.stringify(sizedConfig(name)), name);
  });
});
