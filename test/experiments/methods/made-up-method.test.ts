// A method costs its descriptor and its line in the table: one that adds noise to the embedding, registered here alone, is
// in the terminal, the schemas, the form, lists, maps, plots and estimates, and runs.

import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { floats } from "../../../src/common/floats.ts";
import { randomStream } from "../../../src/common/random.ts";
import { runCli } from "../../../src/cli/program.ts";
import { conditionLines } from "../../../src/describe/run-condition.ts";
import { ExperimentRunner } from "../../../src/engine/experiment-runner.ts";
import { COMMON_FIELDS } from "../../../src/experiments/common-fields.ts";
import type { EndEvent, RunEvent, StartEvent, StepEvent } from "../../../src/experiments/events.ts";
import { integer, positive } from "../../../src/experiments/fields.ts";
import type { Method, SpecOf } from "../../../src/experiments/methods/method.ts";
import { METHODS } from "../../../src/experiments/methods/table.ts";
import { movementVerdict } from "../../../src/experiments/methods/verdicts.ts";
import type { ExperimentSetting } from "../../../src/experiments/setting.ts";
import { parseSpec, specSchema, specSchemas } from "../../../src/experiments/spec.ts";
import { computeTarget, startEvent } from "../../../src/experiments/target.ts";
import { type StepNotes, Walk } from "../../../src/experiments/walk.ts";
import { readRun } from "../../../src/records/read-record.ts";
import { recordRun } from "../../../src/records/record-run.ts";
import { RunRecord } from "../../../src/records/record.ts";
import { argumentsOf } from "../../../src/reports/command-line.ts";
import { exportRuns } from "../../../src/reports/run-export.ts";
import { rowDescription, spokenRow } from "../../../src/session/run-rows.ts";
import { requestFromSettings } from "../../../src/session/settings.ts";
import { Estimate } from "../../../src/sweeps/estimate.ts";
import { sweepFileSchema } from "../../../src/sweeps/experiment-schemas.ts";
import { heatFigures } from "../../../src/sweeps/sweep-figures.ts";
import { heatLayout, heatMap } from "../../../src/sweeps/sweep-map.ts";
import { runFigures } from "../../../webview/figures.ts";
import { explanationOf, groupsOf, labelOf } from "../../../webview/form-fields.ts";
import { resultOf } from "../../../webview/result-model.ts";
import { MODELS, TEST_CACHE } from "../../support/folders.ts";
import { info, pageWith } from "../../support/pages.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const schema = {
  iterations: integer(1, 1000, { default: 6, description: "Number of steps, N." }),
  learningRate: positive(1000, { default: 1, description: "Factor of every step." }),
  noiseStd: positive(1000, { default: 0.02, description: "Standard deviation of a step." }),
} as const;
type RandomWalkSpec = SpecOf<"randomWalk", typeof schema>;

const randomWalk = {
  name: "randomWalk",
  command: [
    ["walk", "change a text's embedding while the output stays"],
    ["random", "add normal noise, whatever the output does"],
  ],
  goal: "move",
  schema,
  settings: ["noiseStd"],
  describe: {
    title: () => "Random walk",
    formula: () => "e ← e + N(0, noiseStd), N times",
    symbols: { noiseStd: "σₙ" },
    doing: (prompt) => `Straying from “${prompt}”`,
    heading: (prompt) => `Random walk: ${prompt}`,
    parts: ({ noiseStd }: RandomWalkSpec) => [`noise of ${noiseStd} a step`],
    short: () => "random walk",
  },
  verdict: movementVerdict,
  series: [
    { name: "stepNorm", label: "‖δ‖₂", title: () => "Length of the step", meaning: () => "the noise that was added" },
  ],
  figures: [
    {
      name: "perStep",
      label: "Input distance a step",
      of: ({ inputDistance, iteration }) => inputDistance / iteration,
    },
  ],
  cost: ({ iterations }: RandomWalkSpec) => 7 * iterations,
  run: walkAtRandom,
} satisfies Method<typeof schema>;

async function* walkAtRandom(
  spec: RandomWalkSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const network = await setting.open({ batch: spec.restarts });
  const began = setting.now();
  const target = await computeTarget(spec, setting, network);
  yield startEvent(spec, setting, target);
  const walk = new Walk(spec, setting, target);
  const noise = floats("float64", walk.embedding.length);
  let notes: readonly StepNotes[] = [];
  for (let n = 0; ; n++) {
    const { distance } = await network.distanceAndGradient(walk.embedding, target.output);
    yield* walk.arrive(n, distance, notes, signal);
    if (walk.isOver) break;
    randomStream(spec.seed, "steps").fillNormal(noise, 0, spec.noiseStd, n * noise.length);
    noise.forEach((value, i) => (walk.embedding[i] += value));
    notes = Array.from({ length: spec.restarts }, () => ({ stepNorm: Math.hypot(...noise) }));
  }
  yield* walk.end(began);
}

const runner = new ExperimentRunner({ cacheFolder: TEST_CACHE, modelsFolder: MODELS });
const clock = { onProgress: () => undefined, now: () => performance.now() };
const prompt = "The sky is blue.";
const request = { method: "randomWalk", prompt, checkpoint: "mini", every: 2, noiseStd: 0.03, seed: 3 };
const schemaOf = specSchema;

/** What the command prints; it must end before it needs an engine. */
async function printed(...argv: string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = text(stdout);
  await runCli(argv, "1.2.3", {
    stdin: Readable.from([]),
    stdout,
    stderr,
    env: {},
    signal: new AbortController().signal,
    cacheFolder: TEST_CACHE,
    hub: { endpoint: "http://127.0.0.1:1", cacheFolder: TEST_CACHE, offline: true },
    trialProgram: "",
    createEngine: () => assert.fail("help starts no engine"),
    now: () => 0,
  });
  stdout.end();
  return said;
}

describe("a method of one descriptor", () => {
  const newFolder = temporaryFolders();
  before(() => void METHODS.push(randomWalk));
  after(() => void METHODS.pop());

  it("has its command, with its own flags, in the terminal's help, and a command line that repeats a run", async () => {
    assert.match(await printed("walk", "--help"), /random .*add normal noise, whatever the output does/);
    assert.match(
      await printed("walk", "random", "--help"),
      /--noise-std <X> +Standard deviation of a step\. +\(default 0\.02\)/,
    );
    const given = ["--checkpoint", "mini", "--seed", "3", "--every", "2", "--noise-std", "0.03"];
    const line = argumentsOf(parseSpec(request));
    assert.deepEqual(line.slice(0, 3), ["walk", "random", prompt]);
    assert.deepEqual(line.slice(3).toSorted(), given.toSorted());
  });

  it("is in the schemas of specs and sweep files", () => {
    assert.ok("noiseStd" in schemaOf("randomWalk").properties);
    assert.ok("randomWalk" in specSchemas());
    assert.match(JSON.stringify(sweepFileSchema()), /"randomWalk"/);
    assert.throws(() => parseSpec({ ...request, noiseStd: 0 }), /noiseStd/);
    assert.throws(() => parseSpec({ ...request, innerSteps: 3 }), /innerSteps/);
  });

  it("takes its fields from the settings under its name", () => {
    const set: Record<string, unknown> = { "blocks": 2, "randomWalk.noiseStd": 0.5 };
    const asked = requestFromSettings((name) => set[name], "randomWalk");
    assert.deepEqual(asked, { method: "randomWalk", blocks: 2, noiseStd: 0.5 });
  });

  it("has its fields in the form, with symbols and explanations", () => {
    const fields = groupsOf(schemaOf("randomWalk"), Object.keys(COMMON_FIELDS)).find(
      ({ isMethod }) => isMethod,
    )!.fields;
    assert.deepEqual(fields, ["iterations", "learningRate", "noiseStd"]);
    assert.equal(labelOf("noiseStd", "randomWalk"), "Noise std (σₙ)");
    assert.match(
      explanationOf(schemaOf("randomWalk").properties["noiseStd"]),
      /a step\. Above 0 to 1000\. Default: 0\.02\./,
    );
  });

  it("is estimated by its cost", () => {
    const [short, long] = [6, 12].map((iterations) => parseSpec({ ...request, iterations }));
    const estimate = new Estimate([{ spec: short, elapsedMs: 600 }]);
    assert.ok(estimate.of([long])! > estimate.of([short])!);
  });

  it("runs, and its record, row, map, plots and tables show what it measures", async () => {
    const spec = parseSpec(request);
    const record = await RunRecord.create(await newFolder(), spec);
    const { end, error } = await recordRun(spec, {
      run: (spec, options) =>
        runner.run(spec, { ...clock, ...options, signal: options?.signal ?? new AbortController().signal }),
      record,
      onEvent: () => undefined,
    });
    assert.equal(error, undefined);
    assert.equal(end?.status, "completed");
    const run = await readRun(record.folder);
    const [start, ...steps] = run.events.slice(0, -1) as [StartEvent, ...StepEvent[]];
    assert.deepEqual(start.spec, spec);
    assert.deepEqual(
      steps.map(({ iteration }) => iteration),
      [0, 2, 4, 6],
    );
    const { best } = run.events.at(-1) as EndEvent;

    assert.deepEqual(conditionLines(spec)[0], `Straying from “${prompt}”`);
    assert.match(conditionLines(spec)[2], /^noise of 0\.03 a step · /);
    const row = { spec, state: "completed", createdAt: 0, best } as const;
    assert.match(rowDescription(row), /^r = .* · random walk$/);
    assert.match(spokenRow(row), /random walk/);

    const cell = { name: "a", spec, axes: { seed: 3 } };
    const outcome = { cell, folder: "", status: "completed", restarts: [best], elapsedMs: 1 } as const;
    const layout = heatLayout([cell], { across: "seed", down: undefined });
    assert.equal(heatFigures()["perStep"].label, "Input distance a step");
    assert.equal(heatMap(layout, new Map([["a", outcome]]), "perStep").cells[0][0]?.value, best.inputDistance / 6);

    const page = pageWith(info({ kind: "completed" }, { spec }), run.events);
    const plot = runFigures(page).find(({ name }) => name === "Length of the step")!;
    assert.equal(plot.lines[0].label, "‖δ‖₂");
    assert.ok(plot.lines[0].values.some((value) => value !== null && value > 0));
    assert.match(resultOf(page)!.title, /^r = /);

    const csv = exportRuns([run], "csv");
    const [head, ...rows] = csv.split(/\r?\n/).map((line) => line.split(","));
    assert.ok(rows.some((row) => Number(row[head.indexOf("stepNorm")]) > 0));
  });
});
