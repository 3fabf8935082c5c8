import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { createCheckpoint, openCheckpoint, type OpenOptions } from "../../../src/checkpoints/open.ts";
import { listRandomCheckpoints } from "../../../src/checkpoints/generated/random-folder.ts";
import { readRows } from "../../../src/checkpoints/rows.ts";
import { readSafetensorsHeader } from "../../../src/checkpoints/safetensors.ts";
import { LabError } from "../../../src/common/errors.ts";
import type { Progress } from "../../../src/common/progress.ts";
import { randomStream } from "../../../src/common/random.ts";
import type { Checkpoint } from "../../../src/checkpoints/checkpoint.ts";
import type { GPT2Config } from "../../../src/networks/architectures/gpt2.ts";
import { configJson, TINY } from "../../support/checkpoint-folders.ts";
import { stopWriting } from "../../support/stopped-writing.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const root = path.join(import.meta.dirname, "..", "..", "..");
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("a random checkpoint", () => {
  const newFolder = temporaryFolders();
  let tiny: string;
  before(async () => {
    const folder = await newFolder();
    const config = path.join(folder, "config.json");
    await writeFile(config, JSON.stringify({ ...configJson(TINY), initializer_range: 0.5, dropout: "kept" }));
    tiny = `random:${config}`;
  });

  const options = async (more: Partial<OpenOptions> = {}): Promise<OpenOptions> => ({
    cacheFolder: await newFolder(),
    initSeed: 0,
    ...more,
  });
  const bytesOf = async ({ folder, tensors }: Checkpoint, name: string): Promise<Uint8Array> => {
    const { file, byteOffset, byteLength } = tensors.get(name)!;
    return (await readFile(path.join(folder, file))).subarray(byteOffset, byteOffset + byteLength);
  };
  const valuesOf = async (checkpoint: Checkpoint, name: string): Promise<Float32Array> =>
    new Float32Array(Uint8Array.from(await bytesOf(checkpoint, name)).buffer);
  const names = async (folder: string) => (await readdir(folder)).sort();

  it("has the initial weights of GPT2LMHeadModel, each from the stream of its name", async () => {
    const checkpoint = await openCheckpoint(tiny, { blocks: 2 }, await options({ initSeed: 5 }));
    const { width: D, innerWidth: F } = TINY;
    const drawn = (name: string, length: number, std: number) =>
      randomStream(5, name).normal(length, 0, std, "float32");
    assert.deepEqual(await valuesOf(checkpoint, "wte.weight"), drawn("wte.weight", 50 * D, 0.5));
    assert.deepEqual(await valuesOf(checkpoint, "wpe.weight"), drawn("wpe.weight", 6 * D, 0.5));
    assert.deepEqual(await valuesOf(checkpoint, "ln_f.weight"), new Float32Array(D).fill(1));
    assert.deepEqual(await valuesOf(checkpoint, "ln_f.bias"), new Float32Array(D));
    for (const block of ["h.0", "h.1"]) {
      const is = async (name: string, values: ArrayLike<number>) =>
        assert.deepEqual(await valuesOf(checkpoint, `${block}.${name}`), values, name);
      const plain = (name: string, length: number) => drawn(`${block}.${name}`, length, 0.5);
      const residual = (name: string, length: number) => drawn(`${block}.${name}`, length, 0.5 / Math.sqrt(2 * 2));
      await is("ln_1.weight", new Float32Array(D).fill(1));
      await is("ln_1.bias", new Float32Array(D));
      await is("ln_2.weight", new Float32Array(D).fill(1));
      await is("ln_2.bias", new Float32Array(D));
      await is("attn.c_attn.weight", plain("attn.c_attn.weight", 3 * D * D));
      await is("attn.c_attn.bias", new Float32Array(3 * D));
      await is("attn.c_proj.weight", residual("attn.c_proj.weight", D * D));
      await is("attn.c_proj.bias", new Float32Array(D));
      await is("mlp.c_fc.weight", plain("mlp.c_fc.weight", D * F));
      await is("mlp.c_fc.bias", new Float32Array(F));
      await is("mlp.c_proj.weight", residual("mlp.c_proj.weight", F * D));
      await is("mlp.c_proj.bias", new Float32Array(D));
    }
  });

  it("is the same bytes today as ever", async () => {
    const { tensors, folder } = await openCheckpoint("random:mini", { blocks: 1 }, await options());
    assert.equal(
      digest(await readFile(path.join(folder, tensors.get("wte.weight")!.file))),
      "7b3fb3d1f847944b8ecadd7bc6ffb85e620f4817fcfd04a03c8c8462f1deb729",
    );
  });

  it("is another one for another seed, and its fingerprint says so", async () => {
    const [zero, one] = await Promise.all(
      [0, 1].map(async (initSeed) => openCheckpoint(tiny, { blocks: 1 }, await options({ initSeed }))),
    );
    assert.notEqual(zero.fingerprint, one.fingerprint);
    assert.notDeepEqual(readRows(zero, "wte.weight", [0]), readRows(one, "wte.weight", [0]));
  });

  it("writes only the blocks that are asked for, and later the others beside them", async () => {
    const setting = await options();
    const first = await openCheckpoint(tiny, { blocks: 1 }, setting);
    const shards = ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"];
    assert.deepEqual(await names(first.folder), ["config.json", ...shards]);
    const written = await stat(path.join(first.folder, shards[0]));
    assert.equal(
      [...first.tensors.keys()].some((name) => name.startsWith("h.1.")),
      false,
    );

    const second = await openCheckpoint(tiny, { blocks: 2 }, setting);
    assert.equal(second.folder, first.folder);
    assert.equal(second.fingerprint, first.fingerprint);
    assert.ok(second.tensors.has("h.1.ln_1.weight"));
    assert.equal((await stat(path.join(second.folder, shards[0]))).mtimeMs, written.mtimeMs);
    assert.deepEqual(await names(second.folder), [
      "config.json",
      ...shards,
      "model-00003-of-00003.safetensors",
      "model.safetensors.index.json",
    ]);
  });

  it("is, once complete, a Hugging Face folder that opens as any other", async () => {
    const setting = await options();
    const random = await openCheckpoint(tiny, { blocks: 2 }, setting);
    const index = JSON.parse(await readFile(path.join(random.folder, "model.safetensors.index.json"), "utf8")) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    let total = 0;
    for (const file of new Set(Object.values(index.weight_map))) {
      const { tensors, metadata } = await readSafetensorsHeader(path.join(random.folder, file));
      assert.deepEqual({ ...metadata }, { format: "pt" });
      for (const [name, { byteLength }] of tensors) {
        assert.equal(index.weight_map[name], file);
        assert.match(name, /^transformer\.(wte|wpe|ln_f|h\.\d)\./);
        total += byteLength;
      }
    }
    assert.equal(index.metadata.total_size, total);
    const config = JSON.parse(await readFile(path.join(random.folder, "config.json"), "utf8")) as object;
    assert.deepEqual(
      { ...config, inversion_lab: undefined },
      {
        ...configJson(TINY),
        initializer_range: 0.5,
        dropout: "kept",
        inversion_lab: undefined,
      },
    );

    const asFolder = await openCheckpoint(random.folder, { blocks: 2 }, setting);
    assert.deepEqual(new Map([...asFolder.tensors].sort()), new Map([...random.tensors].sort()));
  });

  it("writes again a shard that was cut off, lengthened or overwritten, and tells nobody that it is complete meanwhile", async () => {
    const setting = await options();
    const { folder } = await openCheckpoint(tiny, { blocks: 2 }, setting);
    const shard = path.join(folder, "model-00002-of-00003.safetensors");
    const right = await readFile(shard);
    const damages = [
      () => truncate(shard, right.length - 4),
      () => truncate(shard, right.length + 4),
      () => writeFile(shard, Buffer.concat([Buffer.from("12345678"), right.subarray(8)])),
      () => rm(shard),
    ];
    for (const damage of damages) {
      await damage();
      await openCheckpoint(tiny, { blocks: 1 }, setting);
      assert.deepEqual(await readFile(shard), right);
      assert.equal((await names(folder)).includes("model.safetensors.index.json"), false);
    }
    await openCheckpoint(tiny, { blocks: 2 }, setting);
    assert.equal((await names(folder)).includes("model.safetensors.index.json"), true);
  });

  it("tells how far it is, up to all of it", async () => {
    const seen: Progress[] = [];
    await openCheckpoint(
      "random:mini",
      { blocks: 2 },
      await options({ onProgress: (progress) => seen.push(progress) }),
    );
    const written = seen.filter(({ stage }) => stage !== "Checking the weights");
    const done = written.map((progress) => progress.done!);
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
    assert.equal(done[0], 0);
    assert.equal(
      written.every(({ stage, total }) => stage === "Writing random weights" && total === seen[0].total),
      true,
    );
    assert.equal(done.at(-1), seen[0].total);
  });

  it("leaves nothing that is trusted when it is stopped", async () => {
    await stopWriting(await newFolder());
  });

  it("needs the disk space it says, before it writes anything", async () => {
    const folder = await newFolder();
    const config = path.join(folder, "config.json");
    await writeFile(config, JSON.stringify({ ...configJson(TINY), vocab_size: 1e9, n_embd: 1e6, n_head: 1 }));
    const setting = await options();
    await assert.rejects(openCheckpoint(`random:${config}`, { blocks: 1 }, setting), (error: unknown) => {
      assert.ok(error instanceof LabError);
      assert.equal(error.kind, "storage");
      assert.match(error.message, /needs 4\.\d PB in .*, and only .*B are free there/);
      assert.ok(error.message.includes(setting.cacheFolder));
      return true;
    });
  });

  it("says which folder cannot be written", async () => {
    const file = path.join(await newFolder(), "a-file");
    await writeFile(file, "");
    const setting = await options({ cacheFolder: path.join(file, "cache") });
    await assert.rejects(openCheckpoint(tiny, { blocks: 1 }, setting), (error: unknown) => {
      assert.ok(error instanceof LabError);
      assert.equal(error.kind, "storage");
      assert.ok(error.message.includes(file) && error.message.includes("not a folder"), error.message);
      return true;
    });
  });

  it("has no more blocks than its configuration says", async () => {
    await assert.rejects(openCheckpoint("random:gpt2", { blocks: 13 }, await options()), {
      kind: "badInput",
      message: "13 blocks were asked for, and random:gpt2 has 12.",
    });
  });

  for (const source of ["random:gpt3", "random:", "random:/nowhere/config.json", `random:${root}`]) {
    it(`is not made from ${source.replace(root, "a folder")}`, async () => {
      await assert.rejects(openCheckpoint(source, { blocks: 1 }, await options()), (error: unknown) => {
        assert.ok(error instanceof LabError);
        assert.equal(error.kind, "checkpoint");
        assert.match(error.message, /^There is no checkpoint "random:.*gpt2-xl, mini/);
        return true;
      });
    });
  }

  it("takes fields of its config.json after a question mark, and is then another network", async () => {
    const setting = await options();
    const { config, fingerprint, tensors } = await openCheckpoint(
      "random:mini?n_embd=12&n_head=2&vocab_size=40",
      { blocks: 1 },
      setting,
    );
    const { width, heads, innerWidth, vocabulary } = config as GPT2Config;
    assert.deepEqual([width, heads, innerWidth, vocabulary], [12, 2, 48, 40]);
    assert.deepEqual(tensors.get("wte.weight")?.shape, [40, 12]);
    const other = await openCheckpoint("random:mini?n_embd=12&n_head=3&vocab_size=40", { blocks: 1 }, setting);
    assert.notEqual(other.fingerprint, fingerprint);
  });

  for (const [source, pattern] of [
    ["random:mini?n_embd=wide", /takes numbers for n_layer, n_embd,.* found "n_embd=wide"/],
    ["random:mini?depth=3", /found "depth=3"/],
    ["random:mini?n_embd=10", /n_embd, 10, is not divisible by its n_head, 4/],
    ["random:gpt3?n_embd=10", /There is no checkpoint "random:gpt3\?n_embd=10"/],
  ] as const) {
    it(`is not made from ${source}`, async () => {
      await assert.rejects(openCheckpoint(source, { blocks: 1 }, await options()), (error: unknown) => {
        assert.ok(error instanceof LabError && error.kind === "checkpoint");
        assert.match(error.message, pattern);
        return true;
      });
    });
  }

  it("is listed with its source, seed, blocks and size", async () => {
    const setting = await options({ initSeed: 3 });
    assert.deepEqual(await listRandomCheckpoints(setting.cacheFolder), []);
    const { folder } = await openCheckpoint(tiny, { blocks: 1 }, setting);
    await mkdir(path.join(setting.cacheFolder, "checkpoints", "something-else"));
    const [listed, ...others] = await listRandomCheckpoints(setting.cacheFolder);
    assert.deepEqual(others, []);
    const sizes = await Promise.all((await names(folder)).map((name) => stat(path.join(folder, name))));
    const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
    assert.deepEqual(listed, {
      ...{ kind: "random", source: tiny, seed: 3, folder, bytes },
      ...{ blocks: [0], allBlocks: 2, complete: false },
    });
    await openCheckpoint(tiny, { blocks: 2 }, setting);
    const [complete] = await listRandomCheckpoints(setting.cacheFolder);
    assert.deepEqual([complete.blocks, complete.complete], [[0, 1], true]);
  });

  it("is listed beside others that cannot be looked at, or that promise a thousand million shards", async () => {
    const setting = await options({ initSeed: 3 });
    const { folder } = await openCheckpoint(tiny, { blocks: 1 }, setting);
    const parent = path.dirname(folder);
    const config = JSON.parse(await readFile(path.join(folder, "config.json"), "utf8")) as object;
    const bad = async (name: string, text: string, ...others: string[]) => {
      await mkdir(path.join(parent, name));
      await writeFile(path.join(parent, name, "config.json"), text);
      for (const other of others) await writeFile(path.join(parent, name, other), "");
    };
    await bad("a-huge", JSON.stringify({ ...config, n_layer: 1e9 }), "model-999999999-of-1000000001.safetensors");
    await bad("b-wide", JSON.stringify({ ...config, n_embd: 2 ** 50, n_head: 1 }));
    await bad("c-odd", JSON.stringify({ ...config, n_layer: 1024 }), "model-1000000000-of-1000000000.safetensors");
    await bad("d-broken", "{");
    await writeFile(path.join(parent, "e-file"), "");
    await symlink(path.join(parent, "f-loop"), path.join(parent, "f-loop"));
    const listed = await listRandomCheckpoints(setting.cacheFolder);
    assert.deepEqual(
      listed.map(({ folder, blocks }) => [path.basename(folder), blocks]),
      [
        ["c-odd", []],
        [path.basename(folder), [0]],
      ],
    );
  });

  it("can be written whole into a folder of one's own, with the cache's numbers", async () => {
    const out = path.join(await newFolder(), "deep", "gpt2");
    await createCheckpoint(tiny, 4, out, {});
    assert.deepEqual(await names(out), ["config.json", "model.safetensors"]);
    const cached = await openCheckpoint(tiny, { blocks: 2 }, await options({ initSeed: 4 }));
    const own = await openCheckpoint(out, { blocks: 2 }, await options());
    assert.deepEqual([...own.tensors.keys()].sort(), [...cached.tensors.keys()].sort());
    for (const name of own.tensors.keys()) assert.deepEqual(await valuesOf(own, name), await valuesOf(cached, name));
    await assert.rejects(createCheckpoint(tiny, 4, out, {}), {
      kind: "badInput",
      message: /already holds/,
    });
    await assert.rejects(createCheckpoint(out, 4, out, {}), { kind: "badInput", message: /random:/ });
  });

  it("opens from the cache without writing", async () => {
    const setting = await options();
    const { folder } = await openCheckpoint(tiny, { blocks: 1 }, setting);
    const before = await stat(folder);
    const again = await openCheckpoint(tiny, { blocks: 1 }, { ...setting, workerPath: "/nowhere" });
    assert.equal((await stat(again.folder)).mtimeMs, before.mtimeMs);
  });
});
