// The command line as people and programs meet it: arguments in, output and exit code out.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import * as ort from "onnxruntime-node";
import type { HubSettings } from "../../src/checkpoints/hub/hub-settings.ts";
import { readSafetensorsHeader } from "../../src/checkpoints/safetensors.ts";
import type { CliContext } from "../../src/cli/io.ts";
import { runCli } from "../../src/cli/program.ts";
import { flaggedFields, flagOf } from "../../src/experiments/spec-flags.ts";
import { EngineClient } from "../../src/engine/client.ts";
import type { EndEvent, RunEvent, StartEvent } from "../../src/experiments/events.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { type InversionSpec, SOURCE_PRESET } from "../../src/experiments/methods/inversion.ts";
import { readRun } from "../../src/records/read-record.ts";
import { configJson, safetensorsBytes, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { HubServer } from "../support/hub-server.ts";
import { readTensors } from "../support/safetensors.ts";
import { bundleFakeEngine, type FakeEngine } from "../engine/fixtures/fake-engine.ts";

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe("command line", () => {
  let engine: FakeEngine;
  let scratch: string;
  before(async () => {
    engine = await bundleFakeEngine();
    scratch = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-cli-"));
  });
  after(async () => {
    await engine.remove();
    await rm(scratch, { recursive: true, force: true });
  });

  interface Situation {
    readonly stdin?: string | Buffer;
    /** Columns of a terminal; without it the output is a pipe. */
    readonly terminal?: number;
    readonly env?: NodeJS.ProcessEnv;
    /** Where the hub is; nowhere unless said. */
    readonly hub?: Partial<HubSettings>;
    /** The command is stopped as soon as its output has this. */
    readonly stopAt?: string;
  }

  /** Runs the command line in this process, with a real engine process. */
  async function run(argv: readonly string[], situation: Situation = {}): Promise<Outcome> {
    const { stdin = "", terminal, env = {}, stopAt, hub = {} } = situation;
    const stop = new AbortController();
    const size = terminal && { isTTY: true, columns: terminal, rows: 24 };
    const stdout = Object.assign(new PassThrough(), size);
    const stderr = new PassThrough();
    if (stopAt) stdout.on("data", (chunk: Buffer) => chunk.includes(stopAt) && stop.abort());
    const output = Promise.all([text(stdout), text(stderr)]);
    const context: CliContext = {
      stdin: Readable.from([Buffer.from(stdin)]),
      stdout,
      stderr,
      env,
      signal: stop.signal,
      cacheFolder: path.join(scratch, "cache"),
      trialProgram: path.join(import.meta.dirname, "../runtime/devices/fixtures/fake-trial.js"),
      hub: { endpoint: "http://127.0.0.1:1", cacheFolder: path.join(scratch, "hub"), offline: true, ...hub },
      createEngine: (cacheFolder) =>
        new EngineClient({ modulePath: engine.modulePath, cacheFolder, cancelTimeoutMs: 500 }),
      now: () => performance.now(),
    };
    const code = await runCli(argv, "1.2.3", context);
    stdout.end();
    stderr.end();
    const [out, err] = await output;
    return { code, out, err };
  }

  const eventsOf = ({ out }: Outcome): RunEvent[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as RunEvent);

  /** Processes whose command line names the program (Linux; elsewhere none are found). */
  async function running(program: string): Promise<string[]> {
    const names = await readdir("/proc").catch(() => []);
    const lines = await Promise.all(names.map((name) => readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")));
    return lines.filter((line) => line.includes(program));
  }

  const specOf = (outcome: Outcome) => (eventsOf(outcome)[0] as StartEvent).spec as InversionSpec;

  describe("walks", () => {
    it("take their own flags into a spec of their method", async () => {
      const orthogonal = [
        "--direction",
        "jacobian",
        "--lanczos-steps",
        "7",
        "--check-gradients",
        "--from-position",
        "-1",
      ];
      const spec = (eventsOf(await run(["walk", "orthogonal", "x", "--json", ...orthogonal]))[0] as StartEvent).spec;
      const own = { direction: "jacobian", lanczosSteps: 7, checkGradients: true, fromPosition: -1 };
      assert.deepEqual(spec, parseSpec({ method: "orthogonalWalk", prompt: "x", ...own }));
      const clamped = ["--rand-eta", "0.5", "--inner-steps", "50", "--form", "equation"];
      assert.deepEqual(
        (eventsOf(await run(["walk", "clamped", "x", "--json", ...clamped]))[0] as StartEvent).spec,
        parseSpec({ method: "clampedWalk", prompt: "x", randEta: 0.5, innerSteps: 50, form: "equation" }),
      );
    });

    it("refuse another method's flags, and values that there are none of", async () => {
      const refused = async (argv: string[], pattern: RegExp) => {
        const { code, err } = await run(["walk", ...argv]);
        assert.equal(code, 2);
        assert.match(err, pattern);
      };
      await refused(["clamped", "x", "--optimizer", "gd"], /Unknown option '--optimizer'/);
      await refused(["clamped", "x", "--inner-steps", "0"], /--inner-steps is 0: .*1/);
      await refused(["orthogonal", "x", "--direction", "up"], /--direction is "up": .*gradient/);
      await refused(["sideways", "x"], /sideways/);
    });
  });

  describe("a restricted vocabulary", () => {
    it("comes from a flag or a file, not from both, and holds a token", async () => {
      const file = path.join(scratch, "words.txt");
      await writeFile(file, "sky blue");
      assert.equal(specOf(await run(["invert", "x", "--json", "--vocabulary-file", file])).vocabulary, "sky blue");
      for (const [argv, pattern] of [
        [["--vocabulary", "a", "--vocabulary-file", file], /exclude each other/],
        [["--vocabulary", " "], /--vocabulary holds no token/],
        [["--vocabulary-file", path.join(scratch, "nowhere")], /--vocabulary-file: .*nowhere/],
      ] as const) {
        const { code, err } = await run(["invert", "x", ...argv]);
        assert.equal(code, 2);
        assert.match(err, pattern);
      }
    });
  });

  describe("export", () => {
    it("takes a record's folder or the name of a run of VS Code, to a file or to stdout", async () => {
      const named = path.join(scratch, "cache", "runs", "2026-a-run");
      await run(["invert", "The sky", "--iterations", "4", "--every", "2", "--out", named]);
      const table = await run(["export", named, "--format", "csv"]);
      assert.equal(table.code, 0);
      assert.match(table.out, /^run,kind,restart,.*\n2026-a-run,step,0,0,/);
      const file = path.join(scratch, "figures", "a.html");
      const { code, out, err } = await run(["export", "2026-a-run", named, "--out", file]);
      assert.deepEqual([code, out, err], [0, "", `Wrote ${file}\n`]);
      assert.match(await readFile(file, "utf8"), /^<!doctype html>[\s\S]*<title>2 runs compared/);
    });

    it("refuses what is no run, and a format that there is not", async () => {
      for (const [argv, pattern] of [
        [["nowhere", "--format", "csv"], /^"nowhere" is no run: .*runs\.\n$/],
        [[scratch, "--format", "csv"], /spec\.json cannot be read/],
        [[scratch], /^Name a --format: csv, json,/],
        [[scratch, "--format", "pdf"], /^--format is "pdf": it takes csv/],
        [[scratch, "--out", "x.pdf"], /^Name a --format/],
        [[scratch, "--out", "x.png"], /^PNG comes from VS Code/],
      ] as const) {
        const { code, out, err } = await run(["export", ...argv]);
        assert.deepEqual([code, out], [2, ""]);
        assert.match(err, pattern);
      }
    });
  });

  describe("sweep", () => {
    const fileFor = async (name: string, content: unknown): Promise<string> => {
      const file = path.join(scratch, `${name}.sweep.json`);
      await writeFile(file, JSON.stringify(content));
      return file;
    };
    const linesOf = ({ out }: Outcome): Record<string, unknown>[] =>
      out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);

    it("lists its runs, carries them out, and then has nothing left to do", async () => {
      const base = { prompt: "The sky", iterations: 4, restarts: 2 };
      const file = await fileFor("depths", { base, axes: { blocks: { from: 1, to: 3 } } });
      const folder = path.join(scratch, "depths.sweep");
      const dry = await run(["sweep", file, "--dry-run"]);
      assert.equal(dry.code, 0);
      assert.match(dry.out, /^3 runs, 0 of them finished, in .*depths\.sweep\nto do +blocks 1\nto do +blocks 2\n/);
      const first = await run(["sweep", file, "--json"]);
      assert.equal(first.code, 0);
      assert.deepEqual(
        linesOf(first).map(({ type, finished, axes }) => [type, finished, axes]),
        [
          ["sweep", 0, undefined],
          ...[1, 2, 3].map((blocks) => ["run", blocks, { blocks }]),
          ["end", undefined, undefined],
        ],
      );
      assert.match(await readFile(path.join(folder, "results.csv"), "utf8"), /^blocks,run,status/);
      const second = await run(["sweep", file]);
      assert.equal(second.code, 0);
      assert.match(
        second.out,
        /^3 runs, 3 of them finished, .*\n\n\| blocks \| runs \| exact \|[\s\S]*\| 3 \| 1 \| 1 of 2 \|/,
      );
    });

    it("goes on after SIGKILL: what was finished is not repeated, and nothing is lost", async () => {
      // The second run waits until there is a file.
      const gate = path.join(scratch, "gate");
      const base = { iterations: 20, every: 1 };
      const file = await fileFor("killed", { base, axes: { prompt: ["one", `gate ${gate}`, "three", "four"] } });
      const runs = path.join(scratch, "killed.sweep", "runs");
      const child = spawn(process.execPath, [engine.cliPath, "sweep", file, "--json"], {
        env: { ...process.env, INVERSION_LAB_CACHE: path.join(scratch, "cache") },
        stdio: ["ignore", "pipe", "ignore"],
      });
      // In the middle of the second run, which has a folder.
      for await (const chunk of child.stdout) if (String(chunk).includes('"type":"run"')) break;
      while ((await readdir(runs)).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill("SIGKILL");
      await once(child, "exit");
      assert.equal((await readdir(runs)).length, 2);
      await writeFile(gate, "");
      const stopped = await run(["sweep", file, "--json"], { stopAt: '"finished":3,"runs":4' });
      assert.ok([0, 130].includes(stopped.code!), stopped.err);
      const kept = new Map<string, string>();
      for (const name of await readdir(runs)) {
        const summary = await readFile(path.join(runs, name, "summary.json"), "utf8").catch(() => undefined);
        if (summary?.includes('"completed"')) kept.set(name, summary);
      }
      assert.ok(kept.size >= 3);
      const { code, out } = await run(["sweep", file, "--json"]);
      assert.equal(code, 0, out);
      assert.equal(linesOf({ code, out, err: "" })[0]["finished"], kept.size);
      for (const [name, summary] of kept) {
        assert.equal(await readFile(path.join(runs, name, "summary.json"), "utf8"), summary);
      }
    });

    it("stops with the rest left, ends with 3 when a run failed, and with 2 when the file is wrong", async () => {
      const stopped = await fileFor("stopped", { base: { prompt: "wait 1" }, axes: { blocks: [1, 2] } });
      const { code, err } = await run(["sweep", stopped], { stopAt: "2 runs" });
      assert.deepEqual([code, /Stopped with 2 runs left/.test(err)], [130, true], err);
      const failing = await fileFor("failing", { base: { prompt: "fail device" }, axes: { blocks: [1] } });
      const failed = await run(["sweep", failing]);
      assert.deepEqual([failed.code, failed.err.split("\n").at(-2)], [3, "1 run of 1 failed."]);
      const wrong = await run(["sweep", await fileFor("wrong", { base: { prompt: "x" }, axes: { blocks: [0] } })]);
      assert.equal(wrong.code, 2);
      assert.match(wrong.err, /wrong\.sweep\.json: blocks is 0: /);
      assert.equal((await run(["sweep", path.join(scratch, "nowhere.json")])).code, 2);
    });
  });

  describe("reproduce", () => {
    it("runs the claims that are named and writes page, table and figures", async () => {
      const out = path.join(scratch, "claims");
      const { code, out: said } = await run(["reproduce", "--quick", "--claims", "C3, c18", "--out", out]);
      assert.equal(code, 0);
      assert.match(said, /^C3 {2}(holds|does not hold): /);
      assert.match(said, /\nC18 {2}not run: no trained gpt2-xl was given/);
      const { command, findings } = JSON.parse(await readFile(path.join(out, "findings.json"), "utf8")) as {
        command: string;
        findings: { id: string }[];
      };
      assert.equal(command, "inversion-lab reproduce --quick --claims C3, c18");
      assert.deepEqual(
        findings.map(({ id }) => id),
        ["C3", "C18"],
      );
      assert.match(await readFile(path.join(out, "table.md"), "utf8"), /\*\*C3\*\*/);
      assert.match(await readFile(path.join(out, "index.html"), "utf8"), /<section id="C18">/);
    });

    it("refuses a claim that there is not, and a folder that cannot be written, before it runs anything", async () => {
      assert.equal((await run(["reproduce", "--claims", "C99"])).code, 2);
      const file = path.join(scratch, "a-file");
      await writeFile(file, "");
      const { code, out, err } = await run(["reproduce", "--claims", "C1", "--out", path.join(file, "inside")]);
      assert.deepEqual([code, out], [3, ""]);
      assert.ok(err.includes(file));
    });

    it("asks for all blocks of a trained checkpoint, and has nothing left to run the second time", async () => {
      const source = path.join(scratch, "six-blocks");
      const config = { ...TINY, blocks: 6 };
      await writeCheckpoint(source, configJson(config), weightValues(config));
      const out = path.join(scratch, "six");
      const argv = ["reproduce", "--quick", "--claims", "C17", "--checkpoint", source, "--out", out];
      const first = await run([...argv, "--json"]);
      assert.equal(first.code, 0, first.err);
      const runs = path.join(out, "runs");
      const [name, ...others] = await readdir(runs);
      assert.deepEqual(others, []);
      assert.equal((await readRun(path.join(runs, name))).spec.blocks, 6);
      assert.ok(first.out.includes(`"records":["runs/${name}"]`), first.out);
      const summary = await readFile(path.join(runs, name, "summary.json"), "utf8");
      assert.equal((await run([...argv, "--json"])).out, first.out);
      assert.equal(await readFile(path.join(runs, name, "summary.json"), "utf8"), summary);
    });

    it("keeps what it has when it is stopped", async () => {
      const out = path.join(scratch, "stopped");
      const { code } = await run(["reproduce", "--quick", "--claims", "C18,C3", "--out", out], { stopAt: "C18" });
      assert.ok([0, 130].includes(code!));
      assert.match(await readFile(path.join(out, "table.md"), "utf8"), /\*\*C18\*\*/);
    });
  });

  describe("doctor", () => {
    const measured = { works: true, openMs: 40, iterationMs: 1, cpuIterationMs: 4, error: 1e-6 };
    before(() => {
      process.env["FAKE_TRIALS"] = JSON.stringify({
        cpu: { message: measured },
        webgpu: { message: { ...measured, softwareDriver: "SwiftShader" } },
      });
    });
    after(() => delete process.env["FAKE_TRIALS"]);

    it("says which device works and why another is not chosen", async () => {
      const { code, out } = await run(["doctor"]);
      assert.equal(code, 0);
      assert.match(out, /^cpu +works +1\.0 ms an iteration/m);
      assert.match(out, /The device auto is cpu here\.\n$/);
      if (process.platform === "linux" && process.arch === "x64") {
        assert.match(out, /^webgpu +software +SwiftShader computes on the processor/m);
      }
    });

    it("prints one object for programs", async () => {
      const { code, out } = await run(["doctor", "--json"]);
      assert.equal(code, 0);
      const { type, automatic, machine } = JSON.parse(out) as Record<string, unknown>;
      assert.deepEqual([type, automatic], ["devices", "cpu"]);
      assert.ok((machine as { cores: number }).cores > 0);
    });

    it("takes CUDA's libraries from no folder that lacks them", async function () {
      if (process.platform !== "linux" || process.arch !== "x64") this.skip();
      const { code, err } = await run(["doctor", "--cuda", scratch]);
      assert.equal(code, 2);
      assert.match(err, /CUDA needs libonnxruntime_providers_shared\.so and .* does not have it/);
    });
  });

  describe("invert --json", () => {
    it("prints start, steps and end as one JSON object a line, and nothing else", async () => {
      const outcome = await run([
        "invert",
        "The sky",
        "--json",
        "--iterations",
        "10",
        "--every",
        "5",
        "--restarts",
        "2",
      ]);
      assert.equal(outcome.code, 0);
      assert.equal(outcome.err, "");
      const events = eventsOf(outcome);
      assert.deepEqual(
        events.map((event) => (event.type === "step" ? `${event.iteration}/${event.restart}` : event.type)),
        ["start", "0/0", "0/1", "5/0", "5/1", "10/0", "10/1", "end"],
      );
      const [start, step] = events;
      assert.deepEqual(Object.keys(start), [
        "type",
        "spec",
        "target",
        "shiftDistance",
        "shiftDistances",
        "device",
        "checkpoint",
        "versions",
      ]);
      for (const key of [
        "iteration",
        "learningRate",
        "outputDistance",
        "inputDistance",
        "ratio",
        "tokenIds",
        "text",
        "topK",
        "targetRanks",
      ]) {
        assert.ok(key in step, key);
      }
    });

    it("keeps every line whole, whatever the text", async () => {
      const outcome = await run(["invert", "a\u2028b\u0085\n\u009b", "--json", "--iterations", "1"]);
      assert.equal(outcome.out.split(/[\r\n\u2028\u2029\u0085\v\f]/).length, eventsOf(outcome).length + 1);
      assert.equal(specOf(outcome).prompt, "a\u2028b\u0085\n\u009b");
    });
  });

  describe("flags", () => {
    it("are those of the contract", () => {
      assert.deepEqual(
        flaggedFields("inversion").map(flagOf).sort(),
        (
          "--checkpoint --init-seed --blocks --output --positions --iterations --learning-rate --metric --optimizer " +
          "--start --start-mean --start-std --target-share --noise-share --seed --restarts --dtype --top-k --decoder " +
          "--device --every --memory --shift-std --shift-draws --shift-unit --network --reduction --from-position --channels --vocabulary --weights " +
          "--stop-when-exact"
        )
          .split(" ")
          .sort(),
      );
    });

    it("reach the field of their name", async () => {
      const values: Record<string, string | number> = {
        checkpoint: "random:gpt2-xl",
        initSeed: 7,
        blocks: 3,
        output: "head",
        positions: "first",
        iterations: 12,
        learningRate: 0.25,
        metric: "cosine",
        optimizer: "gd",
        start: "custom",
        startMean: -0.5,
        startStd: 1e-3,
        targetShare: 0.999,
        noiseShare: 0.001,
        seed: 11,
        restarts: 2,
        dtype: "float64",
        topK: 9,
        decoder: "nearest",
        every: 4,
        shiftStd: 0.04,
        shiftUnit: "embedding",
        shiftDraws: 32,
        device: "cpu",
        memory: "low",
        weights: "stored",
        network: "perToken",
        reduction: "mean",
        fromPosition: -1,
        channels: 3,
        vocabulary: "The sky",
        stopWhenExact: 6,
      };
      const argv = flaggedFields("inversion").flatMap((field) => [flagOf(field), String(values[field])]);
      const spec = specOf(await run(["invert", "x", "--json", ...argv]));
      assert.deepEqual(spec, { method: "inversion", prompt: "x", ...values });
      // Which a net with random weights does not have.
      assert.equal(specOf(await run(["invert", "x", "--json", "--weights", "int8"])).weights, "int8");
    });

    it("left out are the spec's defaults", async () => {
      assert.deepEqual(specOf(await run(["invert", "x", "--json"])), parseSpec({ prompt: "x" }));
    });

    it("are all in the help, each with its description, names and default from the spec", async () => {
      const { code, out } = await run(["invert", "--help"]);
      assert.equal(code, 0);
      const help = out.replace(/\s+/g, " ");
      for (const field of flaggedFields("inversion")) {
        assert.match(help, new RegExp(`${flagOf(field)} <(N|X|X\\|auto|NAME|SOURCE|TEXT)> [\\wσημst]`), field);
      }
      assert.ok(help.includes("--learning-rate <X|auto> "));
      assert.ok(help.includes("Plain gradient descent, or Adam. (gd|adam; default adam)"));
      assert.ok(help.includes("Number of update steps, N. (default 200)"));
    });

    it("--preset source is exactly the source's setting, and explicit flags win", async () => {
      const plain = specOf(await run(["invert", "x", "--json", "--preset", "source", "--every", "1000"]));
      assert.deepEqual(plain, parseSpec({ prompt: "x", every: 1000, ...SOURCE_PRESET }));
      const changed = specOf(await run(["invert", "x", "--json", "--iterations", "3", "--preset", "source"]));
      assert.equal(changed.iterations, 3);
      assert.equal(changed.optimizer, "gd");
    });

    it("--start-mean and --start-std mean a custom start", async () => {
      const { start, startMean, startStd } = specOf(
        await run(["invert", "x", "--json", "--preset", "source", "--start-mean", "0", "--start-std", "0.1"]),
      );
      assert.deepEqual([start, startMean, startStd], ["custom", 0, 0.1]);
    });
  });

  describe("text from standard input", () => {
    const promptOf = async (stdin: string | Buffer) => specOf(await run(["invert", "-", "--json"], { stdin })).prompt;

    it("is taken as it is, but for the newline at its end", async () => {
      assert.equal(await promptOf("The sky\n"), "The sky");
      assert.equal(await promptOf("two\nlines\r\n"), "two\nlines");
      assert.equal(await promptOf("\ufeff é 🌈\n\n"), "\ufeff é 🌈\n");
    });

    it("must be UTF-8", async () => {
      const { code, err } = await run(["invert", "-"], { stdin: Buffer.from([0x61, 0xff]) });
      assert.deepEqual([code, err], [2, "The text on standard input is not UTF-8.\n"]);
    });
  });

  describe("bad input ends with 2 and one sentence:", () => {
    const cases: readonly (readonly [string[], RegExp])[] = [
      [["invert", ""], /^The prompt is empty/],
      [["invert", " \n "], /^The prompt is empty/],
      [["invert"], /^Missing required argument 'TEXT'\.$/],
      [["invert", "The", "sky"], /^Too many arguments/],
      [["invert", "x", "--frobnicate"], /^Unknown option '--frobnicate'\.$/],
      [["invert", "x", "--iteration", "3"], /^Unknown option '--iteration'\. \(Did you mean --iterations\?\)$/],
      [["invert", "x", "--iterations"], /argument missing/],
      [["invert", "x", "--iterations", "-1"], /^--iterations is -1: /],
      [["invert", "x", "--iterations", "1.5"], /^--iterations is 1\.5: /],
      [["invert", "x", "--iterations", "many"], /^--iterations is "many": it takes a number\.$/],
      [["invert", "x", "--iterations", "0x10"], /^--iterations is "0x10": it takes a number\.$/],
      [["invert", "x", "--iterations", ""], /^--iterations is "": it takes a number\.$/],
      [["invert", "x", "--blocks", "0"], /^--blocks is 0: /],
      [["invert", "x", "--learning-rate", "NaN"], /^--learning-rate is "NaN": it takes a number\.$/],
      [["invert", "x", "--learning-rate", "1e999"], /^--learning-rate is "1e999": it takes a number\.$/],
      [["invert", "x", "--learning-rate", "0"], /^--learning-rate is 0: /],
      [["invert", "x", "--output", "tail"], /^--output is "tail": .*blockHead/],
      [["invert", "x", "--start-mean", "1"], /^--start-mean and --start-std go together/],
      [["invert", "x", "--preset", "sauce"], /^--preset is "sauce": it takes default or source\.$/],
      [["frobnicate"], /^Unknown command 'frobnicate'\.$/],
      [["graph", "--out", "x"], /'--length <T>' not specified\.$/],
      [["graph", "--length", "0", "--out", "x"], /^--length is 0: it takes a whole number from 1 on\.$/],
      [["checkpoints", "create", "gpt2", "--out", "x"], /^Only random weights can be created/],
    ];
    for (const [argv, sentence] of cases) {
      it(argv.map((argument) => JSON.stringify(argument)).join(" "), async () => {
        const { code, out, err } = await run(argv);
        assert.equal(code, 2, err);
        assert.match(err.trimEnd(), sentence);
        assert.equal(err.split("\n").length, 2, "one line");
        assert.equal(out, "");
      });
    }

    it("what only the engine can tell", async () => {
      const { code, err } = await run(["invert", "fail badInput", "--json"]);
      assert.deepEqual([code, err], [2, "The run failed with badInput.\n"]);
    });

    it("a folder that cannot take the record", async () => {
      await writeFile(path.join(scratch, "file"), "");
      const { code, out, err } = await run(["invert", "x", "--json", "--out", path.join(scratch, "file", "deeper")]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, /^--out: .*file\/deeper.*\n$/);
    });

    it("no command at all, with the help", async () => {
      const { code, out, err } = await run([]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, /^Usage: inversion-lab/);
    });
  });

  describe("a run that fails", () => {
    it("ends with 3 and its sentence; what was printed stays", async () => {
      const outcome = await run(["invert", "fail memory", "--json"]);
      assert.equal(outcome.code, 3);
      assert.equal(eventsOf(outcome).length, 1);
      assert.equal(outcome.err, "The run failed with memory.\n");
    });

    it("by a crash of the engine ends with 3 and says so", async () => {
      const { code, err } = await run(["invert", "die SIGSEGV", "--json"]);
      assert.equal(code, 3);
      assert.match(err, /^The engine process crashed \(SIGSEGV\)\. .*\n$/);
    });
  });

  describe("a run that is stopped", () => {
    it("ends with 130, with its best so far on the last line", async () => {
      const outcome = await run(["invert", "wait", "--json"], { stopAt: '"iteration":5' });
      assert.equal(outcome.code, 130);
      assert.equal((eventsOf(outcome).at(-1) as EndEvent).status, "cancelled");
    });

    it("ends with 130 also when the engine does not answer any more", async () => {
      const { code, err } = await run(["invert", "hang", "--json"], { stopAt: '"start"' });
      assert.equal(code, 130);
      assert.match(err, /did not answer/);
    });
  });

  describe("--out", () => {
    it("has the same events as --json, and the end", async () => {
      const folder = path.join(scratch, "record");
      const outcome = await run(["invert", "The sky", "--json", "--iterations", "20", "--out", folder]);
      const recorded = await readRun(folder);
      assert.deepEqual(recorded.events, eventsOf(outcome));
      assert.equal(recorded.status, "completed");
      assert.deepEqual((await readdir(folder)).sort(), [
        "embeddings.safetensors",
        "events.jsonl",
        "spec.json",
        "summary.json",
      ]);
      const { target, best, target_token_ids: ids } = await readTensors(path.join(folder, "embeddings.safetensors"));
      assert.deepEqual([target.shape, best.shape, ids.shape], [[7, 2], [1, 7, 2], [7]]);
      assert.deepEqual(
        Array.from(target.values as Float32Array).filter((_, i) => i % 2 === 0),
        Array.from(ids.values, Number),
      );
      const again = await run(["invert", "The sky", "--out", folder]);
      assert.equal(again.code, 2);
      assert.match(again.err, /already holds a run/);
    });

    it("says how a run ended that did not complete", async () => {
      for (const [prompt, status] of [
        ["fail device", "failed"],
        ["die SIGKILL", "failed"],
        ["wait", "cancelled"],
      ]) {
        const folder = path.join(scratch, `record ${prompt}`);
        await run(["invert", prompt, "--json", "--out", folder], prompt === "wait" ? { stopAt: '"iteration":5' } : {});
        const { events, ...recorded } = await readRun(folder);
        assert.equal(recorded.status, status, prompt);
        assert.ok(events.length > 0);
      }
    });
  });

  describe("without --json", () => {
    const hostile = "a\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eb";
    // eslint-disable-next-line no-control-regex
    const ESCAPE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

    it("prints plain lines in a pipe, and nothing that a terminal would obey", async () => {
      const { code, out } = await run(["invert", hostile, "--iterations", "4"]);
      assert.equal(code, 0);
      assert.doesNotMatch(out, ESCAPE);
      assert.match(out, /iteration 4\/4 .* 21\/21 correct, first exact {2}a␛\]0;owned␇␛\[2J<009B>31m<202E>b\n/);
      assert.match(out, /\nExact: all 21 tokens\.\n/);
      assert.match(out, /\n {2}restart {11}1, at iteration 4\n/);
    });

    it("says what a search did not find, and not that it is gone", async () => {
      const { out } = await run(["invert", "wait"], { stopAt: "iteration   5/" });
      assert.match(out, /\nStopped after \d+ iterations\. \d of 4 tokens recovered\. This search did not find/);
    });

    it("draws in a terminal, within its width", async () => {
      const { code, out } = await run(["invert", hostile, "--iterations", "4", "--restarts", "2"], { terminal: 60 });
      assert.equal(code, 0);
      const shown = stripVTControlCharacters(out);
      assert.doesNotMatch(shown, ESCAPE);
      assert.match(shown, /Exact: all 21 tokens\./);
      const drawn = shown.slice(0, shown.indexOf("Exact:"));
      for (const line of drawn.split("\n")) assert.ok(line.length <= 60, line);
    });

    it("marks right tokens in bold and underlined, not by colour alone", async () => {
      const { out } = await run(["invert", "The sky", "--iterations", "4"], { terminal: 80 });
      assert.ok(out.includes("\u001b[1m\u001b[4mThe sky\u001b[24m\u001b[22m"), JSON.stringify(out));
    });

    it("prints plain lines in a terminal that cannot be drawn on", async () => {
      const { out } = await run(["invert", "x"], { terminal: 80, env: { TERM: "dumb" } });
      assert.doesNotMatch(out, ESCAPE);
    });
  });

  describe("checkpoints and graph", () => {
    const config = () => path.join(scratch, "tiny", "config.json");
    before(async () => {
      const sizes = { n_layer: 2, n_embd: 8, n_head: 2, n_positions: 16, vocab_size: 50 };
      await mkdir(path.dirname(config()), { recursive: true });
      const kind = { model_type: "gpt2", architectures: ["GPT2LMHeadModel"], activation_function: "gelu_new" };
      await writeFile(config(), JSON.stringify({ ...kind, ...sizes }));
    });

    it("create writes a folder, and list shows what runs have cached", async () => {
      const folder = path.join(scratch, "created");
      const created = await run([
        "checkpoints",
        "create",
        `random:${config()}`,
        "--out",
        folder,
        "--init-seed",
        "3",
        "--json",
      ]);
      assert.equal(created.code, 0, created.err);
      assert.deepEqual(JSON.parse(created.out), { type: "checkpoint", source: `random:${config()}`, seed: 3, folder });
      assert.deepEqual((await readdir(folder)).sort(), ["config.json", "model.safetensors"]);

      const cache = path.join(scratch, "other cache");
      const empty = await run(["checkpoints", "list", "--cache", cache]);
      assert.equal(empty.out, `No checkpoints in ${cache}, and none in ${path.join(scratch, "hub")}.\n`);
      const graph = ["graph", "--checkpoint", `random:${config()}`, "--length", "3", "--cache", cache];
      assert.equal((await run([...graph, "--out", path.join(scratch, "cached graph")])).code, 0);
      const listed = await run(["checkpoints", "list", "--cache", cache, "--json"]);
      const checkpoint = JSON.parse(listed.out) as Record<string, unknown>;
      assert.equal(checkpoint.type, "checkpoint");
      assert.deepEqual(checkpoint.blocks, [0]);
      assert.match((await run(["checkpoints", "list", "--cache", cache])).out, /seed 0 .* 1 of 2 blocks .* kB/);
    });

    it("fetch fills the Hugging Face cache, list shows it, and --checkpoint takes it from there", async () => {
      const server = await HubServer.start();
      try {
        const commit = "a".repeat(40);
        const weights = safetensorsBytes(weightValues(TINY));
        const files = { "config.json": Buffer.from(JSON.stringify(configJson(TINY))), "model.safetensors": weights };
        server.repositories.set("owner/tiny", { commit, files: new Map(Object.entries(files)), token: "hf_secret" });
        const hub = { endpoint: server.endpoint, offline: false, cacheFolder: path.join(scratch, "fetched") };
        const known = { hub: { ...hub, token: "hf_secret" } };

        const unknown = await run(["checkpoints", "fetch", "owner/tiny"], { hub });
        assert.equal(unknown.code, 2);
        assert.match(unknown.err, /does not show owner\/tiny: check the name or/);
        assert.equal((await run(["checkpoints", "fetch", "gpt2"], { hub })).code, 2);

        const { code, out, err } = await run(["checkpoints", "fetch", "owner/tiny", "--json"], known);
        assert.equal(code, 0, err);
        const lines = out.trim().split("\n");
        const { folder, revision } = JSON.parse(lines.at(-1) ?? "") as Record<string, string>;
        assert.equal(revision, commit);
        assert.deepEqual((await readdir(folder)).sort(), Object.keys(files));
        for (const line of lines.slice(0, -1)) assert.match(line, /^\{"type":"progress","stage":"/);
        const inPipe = await run(["checkpoints", "fetch", "owner/tiny"], known);
        assert.equal(inPipe.out, `owner/tiny (commit ${commit}) is in ${folder}\n`);

        const listed = await run(["checkpoints", "list"], known);
        assert.match(listed.out, /^owner\/tiny +commit aaaaaaaa +all 2 blocks +\d+ kB {2}\//m);
        const offline = { hub: { ...hub, offline: true } };
        const doctor = await run(["doctor", "--checkpoint", "owner/tiny", "--json"], offline);
        assert.equal(doctor.code, 0, doctor.err);
        assert.equal((JSON.parse(doctor.out.split("\n")[0]) as { revision: string }).revision, commit);
        for (const text of [out, err, listed.out, unknown.err]) assert.doesNotMatch(text, /hf_secret/);
      } finally {
        await server.stop();
      }
    });

    it("doctor prints a checkpoint's figures, for people and for programs", async () => {
      const asked = ["doctor", "--checkpoint", `random:${config()}`, "--blocks", "1"];
      const { code, out } = await run(asked);
      assert.equal(code, 0);
      assert.match(out, /tap +norm +checksum\nembedding +\d.*\nblock 1 +\d.*\nfinalNorm +\d.*\nlogits +\d/);
      assert.match(out, /given back from their own embedding, 50 of 50\n.* % {2}pseudoinverse\n100\.0 % {2}nearest\n/);
      const [report, retrieval] = (await run([...asked, "--json"])).out
        .split("\n")
        .filter(Boolean)
        .map((line): unknown => JSON.parse(line)) as [
        { taps: object[]; nextTokens: object[] },
        { type: string; retrieved: { nearest: number } },
      ];
      assert.deepEqual([report.taps.length, report.nextTokens.length], [4, 5]);
      assert.deepEqual([retrieval.type, retrieval.retrieved.nearest], ["selfRetrieval", 50]);
    });

    it("graph writes a network that a bare runtime opens, with the contract's inputs and outputs", async () => {
      const folder = path.join(scratch, "graph");
      const outcome = await run([
        ...["graph", "--checkpoint", `random:${config()}`, "--blocks", "2", "--output", "head"],
        ...["--length", "3", "--batch", "2", "--out", folder, "--json"],
      ]);
      assert.equal(outcome.code, 0, outcome.err);
      const { type, model } = JSON.parse(outcome.out) as { type: string; model: string };
      assert.equal(type, "graph");
      const session = await ort.InferenceSession.create(model);
      assert.deepEqual([...session.inputNames].sort(), ["embedding", "target"]);
      const result = await session.run({
        embedding: new ort.Tensor("float32", new Float32Array(2 * 3 * 8).fill(0.1), [2, 3, 8]),
        target: new ort.Tensor("float32", new Float32Array(2 * 3 * 50), [2, 3, 50]),
      });
      assert.deepEqual(result.output.dims, [2, 3, 50]);
      assert.deepEqual(result.distance.dims, [2]);
      assert.deepEqual(result.gradient.dims, [2, 3, 8]);
    });
  });

  describe("states", () => {
    const checkpoint = () => `random:${path.join(scratch, "states.json")}`;
    const written = (name: string) => path.join(scratch, name);
    before(() => writeFile(written("states.json"), JSON.stringify(configJson({ ...TINY, vocabulary: 50257 }))));

    it("are written with where they come from, one depth or several, and never over a file", async () => {
      const one = written("one.safetensors");
      const made = await run([
        "states",
        "The sky",
        "--checkpoint",
        checkpoint(),
        "--blocks",
        "2",
        "--out",
        one,
        "--json",
      ]);
      assert.equal(made.code, 0, made.err);
      const { tensors, metadata } = await readSafetensorsHeader(one);
      assert.deepEqual(
        [...tensors].map(([name, { type, shape }]) => [name, type, shape]),
        [["hidden_states", "F32", [2, 8]]],
      );
      const { fingerprint, ...rest } = metadata;
      assert.match(fingerprint, /^[0-9a-f]{64}$/);
      const said = { format: "pt", checkpoint: checkpoint(), blocks: "2", output: "block", token_ids: "[464,6766]" };
      assert.deepEqual(rest, said);

      const all = written("all.safetensors");
      const rows = ["--blocks", "all", "--output", "head", "--dtype", "float64", "--out", all];
      assert.equal((await run(["states", "The sky", "--checkpoint", checkpoint(), ...rows])).code, 0);
      assert.deepEqual(
        Object.entries(await readTensors(all)).map(([name, { type, shape }]) => [name, type, shape]),
        [1, 2].map((blocks) => [`hidden_states.${blocks}`, "F64", [2, 50257]]),
      );

      const again = await run(["states", "x", "--blocks", "1", "--out", one]);
      assert.equal(again.code, 2);
      assert.match(again.err, /one\.safetensors is there already: name another file, or remove it\.\n$/);
      for (const blocks of ["0", "1,x", ""]) {
        const { code, err } = await run(["states", "x", "--blocks", blocks, "--out", written("never")]);
        assert.equal(code, 2);
        assert.match(err, /^--blocks is .*: it takes whole numbers from 1 on, as 1,2,4, or all\.\n$/);
      }
    });

    it("become the spec of exact by what their file says, in place of a text", async () => {
      const file = written("two.safetensors");
      await run(["states", "The sky", "--checkpoint", checkpoint(), "--blocks", "2", "--out", file]);
      const outcome = await run(["exact", "--states", path.relative(".", file), "--iterations", "5", "--json"]);
      const given = { checkpoint: checkpoint(), blocks: 2, output: "block", states: file, prompt: "The sky" };
      assert.deepEqual(specOf(outcome), parseSpec({ method: "exact", iterations: 5, ...given }));
      assert.match(outcome.err, /says that its states are of other weights than .* their fingerprints differ\.\n$/m);

      const contrary = await run(["exact", "--states", file, "--blocks", "1"]);
      assert.equal(contrary.code, 2);
      assert.match(contrary.err, /--blocks is 1, and .*two\.safetensors says that it is 2\.\n$/);
      const nothing = await run(["exact"]);
      assert.equal(nothing.code, 2);
      assert.match(nothing.err, /There is no text: give TEXT, or --states FILE\.\n$/);
    });
  });

  describe("as a process", () => {
    function start(argv: readonly string[]) {
      const child = spawn(process.execPath, [engine.cliPath, ...argv], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, INVERSION_LAB_CACHE: path.join(scratch, "cache") },
      });
      const outcome = async (): Promise<Outcome> => {
        const [out, err, [code]] = await Promise.all([
          buffer(child.stdout),
          text(child.stderr),
          once(child, "close") as Promise<[number | null]>,
        ]);
        return { code, out: out.toString(), err };
      };
      return { child, outcome };
    }

    it("tells its version, which is the package's", async () => {
      const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
      assert.deepEqual(await start(["--version"]).outcome(), { code: 0, out: `${version}\n`, err: "" });
    });

    it("finds the engine beside itself, hands it the cache folder, and ends with 0", async () => {
      const { code, out, err } = await start(["invert", "The sky", "--iterations", "5", "--json"]).outcome();
      assert.equal(code, 0, err);
      assert.equal(out.trimEnd().split("\n").length, 8);
      assert.equal(err, `cache ${path.join(scratch, "cache")}\n`);
    });

    it("stops in an orderly way at the first Ctrl-C", async () => {
      const { child, outcome } = start(["invert", "wait", "--json"]);
      child.stdout.once("data", () => child.kill("SIGINT"));
      const { code, out } = await outcome();
      assert.equal(code, 130);
      assert.equal((JSON.parse(out.trimEnd().split("\n").at(-1)!) as EndEvent).status, "cancelled");
    });

    for (const [signal, times] of [
      ["SIGTERM", 1],
      ["SIGHUP", 1],
      ["SIGHUP", 3],
    ] as const)
      it(`ends with a whole record after ${signal} to ${signal === "SIGHUP" ? "all its processes" : "itself"}, ${times} times`, async function () {
        if (process.platform === "win32") this.skip();
        const folder = path.join(scratch, `record ${signal} ${times}`);
        const child = spawn(process.execPath, [engine.cliPath, "invert", "wait", "--json", "--out", folder], {
          stdio: ["ignore", "pipe", "ignore"],
          detached: true,
        });
        const pid = signal === "SIGHUP" ? -child.pid! : child.pid!;
        const kill = () => {
          for (let n = 0; n < times; n++) process.kill(pid, signal);
        };
        child.stdout.once("data", kill);
        const [[code]] = await Promise.all([once(child, "exit") as Promise<[number]>, text(child.stdout)]);
        assert.equal(code, 130);
        const { status, events } = await readRun(folder);
        assert.deepEqual([status, events.at(-1)?.type], ["cancelled", "end"]);
      });

    it("stops at the first Ctrl-C also while it waits for a text", async () => {
      const child = spawn(process.execPath, [engine.cliPath, "invert", "-"], { stdio: ["pipe", "ignore", "pipe"] });
      // By the engine's first words the program has long been listening.
      child.stderr.once("data", () => child.kill("SIGINT"));
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 130);
    });

    it("stops at once at the second Ctrl-C, however stuck the engine is", async () => {
      const { child, outcome } = start(["invert", "hang", "--json"]);
      child.stdout.once("data", () => {
        child.kill("SIGINT");
        // Again and again: two that come at once are one.
        const more = setInterval(() => child.kill("SIGINT"), 100);
        child.once("exit", () => clearInterval(more));
      });
      const { code, err } = await outcome();
      assert.equal(code, 130);
      assert.doesNotMatch(err, /did not answer/, "as it is told after waiting for the engine");
      assert.deepEqual(await running(engine.modulePath), [], "and takes the engine along");
    });

    it("ends quietly when nobody reads on, and its record says that it was stopped", async () => {
      const folder = path.join(scratch, "unread");
      const { child } = start(["invert", "wait", "--json", "--out", folder]);
      child.stdout.once("data", () => child.stdout.destroy());
      const [err, [code]] = await Promise.all([text(child.stderr), once(child, "exit") as Promise<[number]>]);
      assert.equal(code, 0);
      assert.doesNotMatch(err, /EPIPE|error/i);
      const { status, events } = await readRun(folder);
      assert.deepEqual([status, events.at(-1)?.type], ["cancelled", "end"]);
    });

    it("writes nothing more where its record is deleted, says so and fails", async () => {
      const folder = path.join(scratch, "deleted");
      const { child, outcome } = start(["invert", "wait", "--json", "--out", folder]);
      child.stdout.once("data", () => void rm(folder, { recursive: true }).then(() => child.kill("SIGINT")));
      const { code, err } = await outcome();
      assert.equal(code, 3);
      assert.match(
        err,
        /^The run was stopped, and its record is not whole\. .*deleted no longer holds the record.*\.\n$/m,
      );
      await assert.rejects(readdir(folder), { code: "ENOENT" });
    });

    it("ends in a sentence where too few files may be open", async function () {
      if (process.platform === "win32") this.skip();
      for (let limit = 21; limit <= 26; limit++) {
        const folder = path.join(scratch, `few files ${limit}`);
        const child = bash(`ulimit -n ${limit}; exec "$0" "$@"`, "invert", "The sky", "--json", "--out", folder);
        const [err, [code]] = await Promise.all([
          text(child.stderr),
          once(child, "exit") as Promise<[number]>,
          text(child.stdout),
        ]);
        if (code === 0) continue;
        assert([2, 3].includes(code), err);
        assert.match(err, /^[^\n]+\.\n$/);
        assert.match(err, /EMFILE/);
      }
    });

    const bash = (command: string, ...argv: string[]) =>
      spawn("bash", ["-c", command, process.execPath, engine.cliPath, ...argv], { stdio: ["ignore", "pipe", "pipe"] });

    it("fails when its output goes to a full disk", async function () {
      if (process.platform !== "linux") this.skip(); // There is no /dev/full.
      const child = bash('exec "$0" "$@" > /dev/full', "invert", "wait", "--json");
      const [err, [code]] = await Promise.all([text(child.stderr), once(child, "exit") as Promise<[number]>]);
      assert.equal(code, 3);
      assert.match(err, /^The output could not be written: .*ENOSPC/m);
    });

    it("goes on without its record when the disk is full, and fails at the end", async function () {
      if (process.platform === "win32") this.skip(); // There is no limit to set.
      const folder = path.join(scratch, "short record");
      // A limit on the size of files stands for the full disk.
      const child = bash('ulimit -f 8; exec "$0" "$@"', "invert", "The sky", "--json", "--out", folder);
      const [out, err, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "exit") as Promise<[number]>,
      ]);
      assert.equal(code, 3);
      assert.match(err, /The run is complete, but its record is not\. /);
      const shown = eventsOf({ code, out, err });
      const { events } = await readRun(folder);
      assert.equal(shown.at(-1)?.type, "end");
      assert.ok(events.length > 2 && events.length < shown.length);
      assert.deepEqual(events, shown.slice(0, events.length));
    });
  });
});
