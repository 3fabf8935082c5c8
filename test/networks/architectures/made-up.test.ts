// A second architecture costs its data and its line in the table: one with other weight names, another prefix, matrices
// of either orientation, an untied head and no position embedding, registered here alone.

import assert from "node:assert/strict";
import { access, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { quantise } from "../../../src/checkpoints/generated/reduced-precision.ts";
import { listCheckpoints, openCheckpoint } from "../../../src/checkpoints/open.ts";
import { openRows, readRows } from "../../../src/checkpoints/rows.ts";
import { readSafetensorsHeader } from "../../../src/checkpoints/safetensors.ts";
import { randomStream } from "../../../src/common/random.ts";
import { ExperimentRunner } from "../../../src/engine/experiment-runner.ts";
import { PARITY_PROMPT, parityReport } from "../../../src/engine/parity.ts";
import type { EndEvent, RunEvent, StartEvent } from "../../../src/experiments/events.ts";
import { type ExperimentRequest, parseSpec } from "../../../src/experiments/spec.ts";
import {
  type Architecture,
  isMatrix,
  type NetworkConfig,
  type Weight,
} from "../../../src/networks/architectures/architecture.ts";
import { ARCHITECTURES, parameterCount, weightsOf } from "../../../src/networks/architectures/architectures.ts";
import { countField } from "../../../src/networks/architectures/config-fields.ts";
import { layersOf } from "../../../src/networks/layers.ts";
import { describeNetwork } from "../../../src/session/checkpoint-choices.ts";
import {
  add,
  divide,
  gelu,
  matMul,
  multiply,
  reduceMean,
  reshape,
  squareRoot,
} from "../../../src/tensorgraph/operations.ts";
import { constant, sizeOf, type Tensor } from "../../../src/tensorgraph/tensor.ts";
import { DECODER_NAMES, openDecoder } from "../../../src/text/decoders.ts";
import { embedTokens } from "../../../src/text/embedding.ts";
import { embeddingMoments, embeddingStatistics } from "../../../src/text/embedding-statistics.ts";
import { loadTokenizer } from "../../../src/text/tokenizer.ts";
import { writeCheckpoint } from "../../support/checkpoint-folders.ts";
import { dequantisedWeight } from "../../support/quantised.ts";
import { relativeError } from "../../support/numbers.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const [WIDTH, INNER, VOCABULARY] = [128, 160, 8192];

/** x ↦ gain · x / √(mean x² + ε), [N, D] → [N, D]. */
const rootMeanSquareNorm = (x: Tensor, gain: Tensor): Tensor =>
  multiply(divide(x, squareRoot(add(reduceMean(multiply(x, x), [1]), 1e-6))), gain);

/** [T, T]: row t is the mean of tokens 0…t. */
const causalMean = (T: number, { type }: Tensor): Tensor =>
  constant(
    Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? 0 : 1 / (Math.floor(i / T) + 1))),
    [T, T],
    type,
  );

/** Each token gets the mean of those up to it through a matrix, then a feed-forward layer. */
const madeUp: Architecture = {
  name: "averager",
  modelTypes: ["averager"],
  prefix: "trunk.",
  sizes: {},
  settable: ["depth"],
  readConfig: (json): NetworkConfig => ({
    blocks: countField(json, "depth", 2),
    width: countField(json, "size", WIDTH),
    positions: countField(json, "longest", 16),
    vocabulary: countField(json, "tokens", VOCABULARY),
  }),
  weights({ blocks, width, vocabulary }) {
    const [ones, drawn, small] = [
      { mean: 1, std: 0 },
      { mean: 0, std: 0.02 },
      { mean: 0, std: 0.005 },
    ];
    return [
      { name: "tokens.weight", shape: [vocabulary, width], role: "tokenEmbedding", outputAxis: 0, initial: drawn },
      { name: "final.gain", shape: [width], role: "finalNorm", initial: ones },
      { name: "output.weight", shape: [vocabulary, width], role: "head", outputAxis: 0, initial: drawn },
      ...Array.from({ length: blocks }, (_, block): Weight[] => [
        { name: `layer${block}.gain`, shape: [width], role: "norm", block, initial: ones },
        { name: `layer${block}.mix`, shape: [width, width], role: "matrix", outputAxis: 0, block, initial: small },
        { name: `layer${block}.up`, shape: [INNER, width], role: "matrix", outputAxis: 0, block, initial: small },
        { name: `layer${block}.down`, shape: [INNER, width], role: "matrix", outputAxis: 1, block, initial: small },
      ]).flat(),
    ];
  },
  blocks(x, { config, blocks, restarts: B, weightFormat }) {
    const [T, D] = [x.shape[0] / B, config.width];
    const layers = layersOf(madeUp.weights(config), weightFormat);
    const mean = causalMean(T, x);
    return Array.from({ length: blocks }, (_, index) => {
      const name = (part: string) => `layer${index}.${part}`;
      const normal = rootMeanSquareNorm(x, layers.parameter(name("gain"), x.type));
      const mixed = reshape(matMul(mean, reshape(normal, [T, B * D])), [T * B, D]);
      x = add(x, layers.product(mixed, name("mix")));
      return (x = add(x, layers.product(gelu(layers.product(x, name("up")), "tanh"), name("down"))));
    });
  },
  finalNorm: (x, config) => rootMeanSquareNorm(x, layersOf(madeUp.weights(config)).parameter("final.gain", x.type)),
  activations: ({ width }, T) => T * (8 * width + 3 * INNER),
};

const CONFIG = { model_type: "averager", depth: 2 };
const PROMPT = "The sky is blue.";

describe("an architecture that is registered by its data alone", function () {
  this.timeout(120_000);
  const newFolder = temporaryFolders();
  let cacheFolder: string;
  /** A checkpoint that somebody has, and one that is drawn from its config.json. */
  let [folder, random]: string[] = [];

  before(async () => {
    ARCHITECTURES.push(madeUp);
    cacheFolder = await newFolder();
    folder = await written("trunk.");
    random = `random:${path.join(folder, "config.json")}`;
  });
  after(() => void ARCHITECTURES.splice(ARCHITECTURES.indexOf(madeUp), 1));

  const config = madeUp.readConfig(CONFIG);
  const options = () => ({ cacheFolder, initSeed: 7 });
  const open = (source: string) => openCheckpoint(source, { blocks: 2 }, options());

  /** One weights file, all names but the head's with the prefix. */
  async function written(prefix: string, without?: string): Promise<string> {
    const tensors = madeUp
      .weights(config)
      .filter(({ name }) => name !== without)
      .map(({ name, role, shape, initial: { mean, std } }) => ({
        name: role === "head" ? name : prefix + name,
        type: "F32" as const,
        shape,
        values: randomStream(1, name).normal(sizeOf(shape), mean, std, "float64"),
      }));
    return writeCheckpoint(await newFolder(), CONFIG, tensors);
  }

  it("is opened from a folder, its names with the prefix or without, and told what it lacks", async () => {
    const checkpoint = await open(folder);
    assert.deepEqual(checkpoint.config, { architecture: "averager", ...config });
    assert.deepEqual(
      [...checkpoint.tensors.keys()],
      madeUp.weights(config).map(({ name }) => name),
    );
    assert.equal((await open(await written(""))).fingerprint, checkpoint.fingerprint);
    await assert.rejects(open(await written("trunk.", "layer1.up")), /The weight layer1\.up of .* is missing/);
    assert.equal(
      parameterCount(weightsOf(checkpoint.config)),
      2 * VOCABULARY * WIDTH + WIDTH + 2 * (WIDTH + WIDTH ** 2 + 2 * WIDTH * INNER),
    );
    assert.equal(describeNetwork(checkpoint.config), "2 blocks of width 128, 2 M parameters");
  });

  it("is refused by its other sizes, and by a name that none of them has", async () => {
    const wrong = async (json: object) => {
      const file = path.join(await newFolder(), "config.json");
      await writeFile(file, JSON.stringify(json));
      return open(`random:${file}`);
    };
    await assert.rejects(wrong({ ...CONFIG, depth: 0 }), /its depth is 0, and must be a whole number from 1 on\.$/);
    await assert.rejects(wrong({ model_type: "x" }), /"x", and only "gpt2", .*"averager" are supported\.$/);
  });

  it("is created at random, each weight from the stream of its name, in files with its prefix", async () => {
    const checkpoint = await open(random);
    assert.match(path.basename(checkpoint.folder), /^averager-2x128-seed-7-/);
    const files = (await readdir(checkpoint.folder)).filter((file) => file.endsWith(".safetensors"));
    const stored = await Promise.all(files.map((file) => readSafetensorsHeader(path.join(checkpoint.folder, file))));
    assert.deepEqual(
      stored.flatMap(({ tensors }) => [...tensors.keys()]).sort(),
      madeUp
        .weights(config)
        .map(({ name, role }) => (role === "head" ? name : `trunk.${name}`))
        .sort(),
    );
    for (const { name, shape, initial } of madeUp.weights(config).filter(isMatrix)) {
      const expected = randomStream(7, name).normal(sizeOf(shape), 0, initial.std, "float32");
      const rows = openRows(checkpoint, name);
      assert.deepEqual(rows.read(0, rows.rows), expected, name);
      rows.close();
    }
    const hub = { endpoint: "http://localhost", offline: true, cacheFolder: await newFolder() };
    assert.deepEqual(
      (await listCheckpoints(cacheFolder, hub)).map(({ source, allBlocks }) => [source, allBlocks]),
      [[random, 2]],
    );
    const deeper = await openCheckpoint(`${random}?depth=3`, { blocks: 3 }, options());
    assert.ok(deeper.tensors.has("layer2.up"));
    await assert.rejects(open(`${random}?size=8`), /it takes numbers for depth, and found "size=8"/);
  });

  for (const [format, step] of [
    ["int8", 1 / 127],
    ["float16", 2 ** -10],
  ] as const) {
    it(`is reduced to ${format} matrix by matrix, along the outputs of each`, async () => {
      const checkpoint = await open(folder);
      const { checkpoint: reduced, error } = await quantise(checkpoint, 2, format, options());
      assert.ok(error > step / 100 && error < step, `${error}`);
      for (const { name, shape, outputAxis } of madeUp.weights(config).filter(isMatrix)) {
        if (name === "tokens.weight") continue;
        const values = readRows(checkpoint, name, [...Array(shape[0]).keys()]);
        const outputOf = (i: number) => (outputAxis === 0 ? Math.floor(i / shape[1]) : i % shape[1]);
        const largest = new Float64Array(shape[outputAxis]);
        values.forEach((value, i) => (largest[outputOf(i)] = Math.max(largest[outputOf(i)], Math.abs(value))));
        dequantisedWeight(reduced, name).forEach((value, i) =>
          assert.ok(Math.abs(value - values[i]) <= step * (0.5 + 1e-4) * largest[outputOf(i)], `${name}[${i}]`),
        );
      }
      assert.equal(reduced.tensors.has("tokens.weight"), false, "the head is its own");
      await access(path.join(reduced.folder, "block-1.safetensors"));
    });
  }

  it("is embedded by its tokens alone, and read back by every decoder", async () => {
    const checkpoint = await open(folder);
    const statistics = await embeddingStatistics(checkpoint, options());
    const targetIds = (await loadTokenizer()).encode(PROMPT);
    const rows = readRows(checkpoint, "tokens.weight", targetIds);
    for (const positions of ["sequential", "first"] as const) {
      assert.deepEqual(embedTokens(checkpoint, targetIds, positions, "float32"), rows);
      assert.deepEqual(embeddingMoments(checkpoint, statistics, positions, 5), statistics.moments);
      for (const decoder of DECODER_NAMES) {
        const opened = await openDecoder(checkpoint, statistics, {
          ...{ decoder, positions, batch: 1, targetIds, topK: 2 },
        });
        const [{ tokenIds }] = await opened.decode(rows);
        await opened.release();
        assert.deepEqual(tokenIds, targetIds, decoder);
      }
    }
  });

  it("is measured at every tap for the parity report", async () => {
    const { taps, nextTokens } = await parityReport(folder, undefined, options());
    assert.equal(PARITY_PROMPT, PROMPT);
    assert.deepEqual(
      taps.map(({ tap }) => tap),
      ["embedding", "block 1", "block 2", "finalNorm", "logits"],
    );
    // Rows of length √D, but for ε.
    assert.ok(relativeError([taps[3].norm], [Math.sqrt(5 * WIDTH)]) < 0.01, `${taps[3].norm}`);
    assert.equal(nextTokens.length, 5);
  });

  describe("is inverted to the exact prompt", () => {
    const run = async (request: Partial<ExperimentRequest>) => {
      const runner = new ExperimentRunner({ cacheFolder });
      const spec = parseSpec({
        ...{ prompt: PROMPT, blocks: 2, initSeed: 7, device: "cpu", iterations: 400, every: 400 },
        ...request,
      });
      const setting = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
      const events: RunEvent[] = [];
      for await (const event of runner.run(spec, setting)) events.push(event);
      return { start: events[0] as StartEvent, end: events.at(-1) as EndEvent };
    };

    for (const request of [
      {},
      { output: "finalNorm", decoder: "cosine" },
      { output: "head", decoder: "cosine", dtype: "float64" },
      { restarts: 3, decoder: "nearest" },
      { weights: "int8" },
      { weights: "float16", output: "blockHead" },
    ] as const) {
      const words = Object.entries(request).map(([name, value]) => `${name} ${value}`);
      it(["from a folder", ...words].join(", "), async () => {
        const { start, end } = await run({ checkpoint: folder, ...request });
        assert.ok(end.best.exact, `${end.best.text}`);
        assert.equal(end.best.sameNextToken, true);
        const { weightError = 0 } = start.quantisation ?? {};
        assert.equal(weightError > 0, "weights" in request);
      });
    }

    it("from random weights", async () => {
      const { start, end } = await run({ checkpoint: random });
      assert.equal(end.best.text, PROMPT);
      assert.notEqual(start.checkpoint.fingerprint, (await open(folder)).fingerprint);
    });
  });
});
