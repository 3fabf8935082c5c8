// The claims as they are run and judged, on a runner that is made up: every claim can hold, and can fail.

import assert from "node:assert/strict";
import { appendFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { wilson } from "../../src/common/statistics.ts";
import { LabError, type LabErrorKind } from "../../src/common/errors.ts";
import type { RunExperiment } from "../../src/experiments/run-experiment.ts";
import type { EndEvent, RestartResult, StepEvent } from "../../src/experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../../src/experiments/spec.ts";
import { valuesOf } from "../../src/experiments/common-fields.ts";
import type { Condition, Finding, Scope, TrainedCheckpoint } from "../../src/reproduction/claim.ts";
import { CLAIMS, claimsNamed, reproduce } from "../../src/reproduction/run-claims.ts";
import { readRun } from "../../src/records/read-record.ts";
import { cellOfSpec } from "../../src/sweeps/sweep-files.ts";
import { markdown, page, tally } from "../../src/reproduction/claims-table.ts";
import { twinOf } from "../../src/reproduction/twins.ts";
import { readReport } from "../../src/reproduction/write-claims.ts";
import { PLAIN_RESULT } from "../support/results.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const TOKENS = ["The", " sky", " is", " blue", "."];
const FULL: Scope = { quick: false, trained: [] };
const trained = (source: string, blocks: number): TrainedCheckpoint => ({ source, twin: twinOf(source), blocks });
const WITH_MINI: Scope = { quick: true, trained: [trained("mini", 4)] };

/** What a made-up run comes to. */
interface Fate {
  /** Tokens right at the end. */
  readonly right?: number;
  /** At the start. */
  readonly rightAtFirst?: number;
  readonly passedAt?: number | null;
  readonly sameNextToken?: boolean;
  readonly ratio?: number;
  readonly product?: number;
  readonly gradientError?: number;
  readonly repeated?: number;
  /** Is the second best token the first one in another form? */
  readonly variants?: boolean;
  /** Every token. */
  readonly proved?: boolean;
  readonly fails?: LabError;
}

/** A runner where every run has the fate that is told for its spec. */
const runner = (fateOf: (spec: ExperimentSpec) => Fate): RunExperiment =>
  async function* (spec) {
    const fate = fateOf(spec);
    if (fate.fails) throw fate.fails;
    const ids = TOKENS.map((_, i) => i);
    yield {
      type: "start",
      spec,
      target: { tokenIds: ids, tokens: TOKENS, text: TOKENS.join(""), nextToken: { id: 9, text: "!" } },
      shiftDistance: 1,
      shiftDistances: [1],
      device: "cpu",
      memory: "speed",
      checkpoint: { source: spec.checkpoint, fingerprint: "f" },
      versions: {},
      gradientCheck: { elements: 4, largestDifference: fate.gradientError ?? 0, meanDifference: 0, largestEntry: 1 },
    };
    const { right = 5, rightAtFirst = 5, ratio = 1, product = 1e-7 } = fate;
    const step = (restart: number, iteration: number, found: number): StepEvent => ({
      type: "step",
      restart,
      iteration,
      learningRate: 0.1,
      outputDistance: 1,
      inputDistance: ratio,
      ratio,
      tokenIds: ids.map((id) => (id < found ? id : 100)),
      text: `${found} right`,
      topK: TOKENS.map((token) =>
        [token, fate.variants ? token.toUpperCase() : "cow"].map((text, id) => ({ id, text, score: 1 })),
      ),
      targetRanks: ids.map(() => 1),
      walked: [
        { iteration, outputDistance: 1, inputDistance: ratio, ratio, gradientProducts: [product], singularValue: 0.1 },
      ],
    });
    const restarts = Array.from({ length: spec.restarts }, (_, restart) => restart);
    for (const restart of restarts) yield step(restart, 0, rightAtFirst);
    for (const restart of restarts) yield step(restart, spec.iterations, right);
    const results = restarts.map((restart): RestartResult => {
      const { iteration, tokenIds, text, outputDistance, inputDistance } = step(restart, spec.iterations, right);
      return {
        ...PLAIN_RESULT,
        restart,
        iteration,
        tokenIds,
        text,
        outputDistance,
        inputDistance,
        ratio,
        tokens: TOKENS,
        exact: right === TOKENS.length,
        ...(fate.proved !== undefined && { proved: TOKENS.map(() => fate.proved!) }),
        repetition: { repeated: fate.repeated ?? 0, distinct1: 1, distinct2: 1 },
        discreteDistance: 0,
        beatsShift: typeof fate.passedAt === "number",
        beatsShiftAt: fate.passedAt ?? null,
        nextToken: { id: 9, text: "!" },
        sameNextToken: fate.sameNextToken ?? true,
      };
    });
    const end: EndEvent = {
      type: "end",
      status: "completed",
      iterations: spec.iterations,
      best: results[0],
      restarts: results,
      elapsedMs: 1,
    };
    yield end;
  };

async function findings(
  names: string[],
  scope: Scope,
  fateOf: (spec: ExperimentSpec) => Fate,
  signal?: AbortSignal,
): Promise<Finding[]> {
  return [...(await reproduceIn(await scratch(), names, scope, runner(fateOf), signal))];
}

const reproduceIn = (
  folder: string,
  names: string[],
  scope: Scope,
  run: RunExperiment,
  signal?: AbortSignal,
): Promise<readonly Finding[]> =>
  reproduce(claimsNamed(names), scope, { folder, head, run, now: () => 0, ...(signal && { signal }) });

/** Does a claim hold where every run has this fate? Throws where it was not run. */
async function holds(name: string, scope: Scope, fateOf: (spec: ExperimentSpec) => Fate): Promise<boolean> {
  const [{ verdict }] = await findings([name], scope, fateOf);
  if (verdict.kind === "notRun") throw new Error(verdict.reason);
  return verdict.holds;
}

const noiseOf = (spec: ExperimentSpec): number => valuesOf(spec)["noise"] as number;

const scratch = temporaryFolders();

const head = {
  command: "inversion-lab reproduce",
  createdAt: "2026-11-24T00:00:00Z",
  version: "0",
  machine: "a machine",
};

describe("the claims", () => {
  it("are C1 to C20 and our own E1 and E2, each with its statement and what must be seen for it to hold", () => {
    assert.deepEqual(
      CLAIMS.map(({ id }) => id),
      [...Array.from({ length: 20 }, (_, i) => `C${i + 1}`), "E1", "E2"],
    );
    for (const { statement, expected } of CLAIMS) assert.ok(statement.length > 20 && expected.length > 10);
  });

  for (const scope of [FULL, { ...FULL, quick: true }, WITH_MINI]) {
    it(`ask for runs that there can be: ${JSON.stringify(scope)}`, () => {
      for (const claim of CLAIMS) {
        const plan = claim.plan(scope);
        if (typeof plan === "string") continue;
        for (const { request } of plan) parseSpec(request as unknown);
      }
    });
  }

  it("on random weights are run with ten seeds or more", () => {
    for (const claim of claimsNamed(["C2", "C3", "C4", "C5", "C6", "C7", "C14", "C16"])) {
      const conditions = claim.plan(FULL);
      assert.ok(typeof conditions !== "string", claim.id);
      for (const { request } of conditions) assert.ok(request.restarts! >= 10, `${claim.id} ${request.restarts}`);
    }
  });

  const small = ({ blocks }: ExperimentSpec) => blocks === 1;
  const cases: [string, Scope, (spec: ExperimentSpec) => Fate, (spec: ExperimentSpec) => Fate][] = [
    ["C1", FULL, () => ({}), () => ({ rightAtFirst: 4 })],
    ["C2", FULL, () => ({ right: 5 }), () => ({ right: 4 })],
    ["C3", FULL, () => ({ right: 4 }), () => ({ right: 5 })],
    ["C4", FULL, () => ({ right: 3 }), () => ({ right: 0 })],
    [
      "C5",
      FULL,
      ({ iterations }) => ({ right: iterations >= 1000 ? 5 : 2 }),
      ({ iterations }) => ({ right: iterations >= 1000 ? 2 : 5 }),
    ],
    ["C6", FULL, (spec) => ({ right: small(spec) ? 5 : 1 }), () => ({ right: 5 })],
    ["C7", FULL, () => ({ right: 1, sameNextToken: true }), () => ({ right: 1, sameNextToken: false })],
    ["C8", WITH_MINI, ({ checkpoint }) => ({ passedAt: checkpoint === "mini" ? 200 : 2 }), () => ({ passedAt: 20 })],
    ["C9", WITH_MINI, () => ({ passedAt: 20 }), ({ dtype }) => ({ passedAt: dtype === "float64" ? 2 : 200 })],
    ["C10", WITH_MINI, () => ({ passedAt: 20 }), ({ metric }) => ({ passedAt: metric === "l2" ? 2 : 200 })],
    ["C11", WITH_MINI, () => ({ passedAt: 1, right: 1 }), () => ({ passedAt: 1, right: 5 })],
    ["C12", WITH_MINI, ({ output }) => ({ passedAt: output === "block" ? 1 : null }), () => ({ passedAt: 3 })],
    ["C13", WITH_MINI, ({ checkpoint }) => ({ variants: checkpoint === "mini" }), () => ({ variants: false })],
    ["C15", FULL, () => ({ gradientError: 1e-8 }), () => ({ gradientError: 1e-3 })],
    ["C17", WITH_MINI, () => ({ right: 1 }), () => ({ right: 5 })],
    // A depth at which the descent fails is enough.
    [
      "E1",
      WITH_MINI,
      ({ method, blocks }) => (method === "exact" ? { proved: true } : { right: blocks === 3 ? 4 : 5 }),
      ({ method, blocks }) => (method === "exact" ? { proved: blocks !== 2 } : { right: 0 }),
    ],
    ["E1", WITH_MINI, ({ method }) => (method === "exact" ? { proved: true } : { right: 0 }), () => ({ proved: true })],
    [
      "E2",
      WITH_MINI,
      (spec) => ({ right: noiseOf(spec) <= 0.5 ? 5 : 1 }),
      (spec) => ({ right: noiseOf(spec) < 0.3 || spec.blocks > 1 ? 5 : 1 }),
    ],
  ];
  for (const [name, scope, fortune, misfortune] of cases) {
    it(`${name} holds where it should, and fails where it should`, async () => {
      assert.equal(await holds(name, scope, fortune), true);
      assert.equal(await holds(name, scope, misfortune), false);
    });
  }

  it("E2 tells where half of the tokens behind the first are hidden, between two levels of noise", async () => {
    const [{ verdict }] = await findings(["E2"], WITH_MINI, (spec) => {
      // Of four behind the first, all up to 0.5, none from 1 on: halfway between the logarithms; at block 4 never.
      return { right: noiseOf(spec) <= 0.5 || spec.blocks === 4 ? 5 : 1 };
    });
    assert.ok(verdict.kind === "judged");
    assert.match(verdict.remark!, /0\.707 \(mini, 1 block\), .*, more than 2 \(mini, 4 blocks\)/);
    const { lines, places } = verdict.figure!;
    assert.deepEqual(places, ["0.1", "0.3", "0.5", "1", "2"]);
    assert.equal(lines.length, 4);
    assert.deepEqual(lines[0].points, [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 0],
      [4, 0],
    ]);
    const trials = 4 * 2 * 2; // tokens behind the first, restarts, texts
    assert.deepEqual(lines[0].band![3], [3, 0, wilson(0, trials).high]);
    const [whole] = verdict.measurements;
    assert.equal(whole.records.length, 10, "each level of noise, each text");
  });

  it("C9 and C10 decide nothing where nothing passes the shift test", async () => {
    for (const { verdict } of await findings(["C9", "C10"], WITH_MINI, () => ({ passedAt: null }))) {
      assert.ok(verdict.kind === "notRun" && /neither passed the shift test within 300/.test(verdict.reason));
    }
  });

  it("C14 and C16 hold with the source's figures, and not with others", async () => {
    const walk = (spec: ExperimentSpec): Fate => {
      if (spec.network === "gpt2") {
        const product = spec.dtype === "float64" ? 1e-17 : spec.blocks === 12 ? 1e-2 : 1e-3;
        return { ratio: 1 / 25, product };
      }
      return {
        ratio: spec.checkpoint.includes("n_embd=10") || spec.checkpoint.includes("n_embd=50") ? 3 : 0.5,
        product: 1e-8,
      };
    };
    assert.equal(await holds("C14", FULL, walk), true);
    assert.equal(await holds("C14", FULL, (spec) => ({ ...walk(spec), product: 1 })), false);
    const clamped = (spec: ExperimentSpec): Fate => ({
      ratio: spec.network !== "gpt2" ? 2 : valuesOf(spec)["innerSteps"] === 50 ? 90 : 10,
    });
    assert.equal(await holds("C16", FULL, clamped), true);
    assert.equal(await holds("C16", FULL, () => ({ ratio: 0.3 })), false);
  });

  it("C18 to C20 run where their checkpoints are at hand, and say which are missing where not", async () => {
    const reasons = (await findings(["C18", "C19", "C20"], WITH_MINI, () => ({}))).map(({ verdict }) => verdict);
    assert.ok(reasons.every((verdict) => verdict.kind === "notRun" && /--checkpoint/.test(verdict.reason)));
    const sizes = [trained("openai-community/gpt2", 12), trained("openai-community/gpt2-xl", 48)];
    assert.equal(sizes[1].twin, "random:gpt2-xl");
    const scope = { quick: false, trained: sizes };
    assert.equal(await holds("C18", scope, () => ({ passedAt: 20 })), true);
    assert.equal(await holds("C18", scope, () => ({ passedAt: 100 })), false);
    assert.equal(
      await holds("C20", scope, ({ checkpoint }) => ({ repeated: checkpoint.endsWith("xl") ? 0 : 0.5 })),
      true,
    );
    assert.equal(await holds("C20", scope, () => ({ repeated: 0.5 })), false);
  });
});

describe("a reproduction", () => {
  it("goes on after a claim whose runs fail, and says why it was not run", async () => {
    const all = await findings(["C1", "C2"], FULL, (spec) =>
      spec.network === "invertible" ? { fails: new LabError("memory", "This needs about 3.5 GB.") } : {},
    );
    assert.deepEqual(
      all.map(({ id, verdict }) => [id, verdict.kind]),
      [
        ["C1", "judged"],
        ["C2", "notRun"],
      ],
    );
    const [, { verdict }] = all;
    assert.ok(verdict.kind === "notRun" && verdict.reason.endsWith("This needs about 3.5 GB."));
  });

  it("carries out a run once that several claims ask for", async () => {
    const specs: string[] = [];
    await findings(["C8", "C9", "C10", "C12"], WITH_MINI, (spec) => {
      specs.push(JSON.stringify(spec));
      return {};
    });
    assert.equal(new Set(specs).size, specs.length);
    // With the head: trained and untrained, float64, L2; and without.
    assert.equal(specs.length, 5);
  });

  it("names the record behind each figure, which gives it back", async () => {
    const folder = await scratch();
    const names = ["C1", "C5", "C14"];
    const [one, { verdict }] = await reproduceIn(
      folder,
      names,
      FULL,
      runner(() => ({})),
    );
    assert.ok(one.verdict.kind === "judged" && verdict.kind === "judged");
    assert.equal(one.verdict.measurements[0].records.length, 12, "a record a prompt");
    for (const { records } of verdict.measurements) {
      for (const record of records) {
        const { status, events } = await readRun(path.join(folder, record));
        assert.equal(status, "completed");
        assert.equal(events.at(-1)?.type, "end");
      }
    }
    // As the claims have them: a sweep shows fewer iterations where `every` is not said.
    const asked = claimsNamed(names).flatMap((claim) => claim.plan(FULL) as readonly Condition[]);
    assert.deepEqual(
      new Set(await readdir(path.join(folder, "runs"))),
      new Set(asked.map(({ request }) => cellOfSpec(parseSpec(request as unknown)).name)),
    );
    const records = verdict.measurements.flatMap(({ records }) => records);
    const report = (await readReport(folder))!;
    assert.deepEqual(JSON.parse(JSON.stringify(one)), report.findings[0]);
    for (const file of ["table.md", "index.html"]) {
      const text = await readFile(path.join(folder, file), "utf8");
      for (const record of records) assert.ok(text.includes(record), `${record} in ${file}`);
    }
  });

  /** Notes the runs that began, and stops or breaks at one of them. */
  const noting = (begun: string[], at = Infinity, breaks: () => void = () => undefined): RunExperiment =>
    async function* (spec, options) {
      begun.push(JSON.stringify(spec));
      const isLast = begun.length > at;
      for await (const event of runner(() => ({}))(spec, options)) {
        if (isLast && event.type === "step") {
          breaks();
          throw new LabError("cancelled", "The run was stopped.");
        }
        yield event;
      }
    };

  it("goes on where it was stopped, and repeats nothing that is finished", async () => {
    const folder = await scratch();
    const names = ["C1", "C2", "C5"];
    const stop = new AbortController();
    const begun: string[] = [];
    const run = noting(begun, 15, () => stop.abort());
    const before = await reproduceIn(folder, names, FULL, run, stop.signal);
    assert.deepEqual(
      before.map(({ verdict }) => verdict.kind),
      ["judged", "judged", "notRun"],
    );
    assert.equal(begun.length, 16);
    assert.equal((await readReport(folder))?.complete, false);

    const later: string[] = [];
    const after = await reproduceIn(folder, names, FULL, noting(later));
    assert.deepEqual(after.slice(0, 2), before.slice(0, 2));
    assert.ok(after.every(({ verdict }) => verdict.kind === "judged"));
    assert.equal(later[0], begun.at(-1), "the run at hand is repeated");
    assert.equal(new Set([...begun, ...later]).size, begun.length + later.length - 1);
    const report = (await readReport(folder))!;
    assert.deepEqual([report.complete, report.scope], [true, FULL]);

    const last: string[] = [];
    assert.deepEqual(await reproduceIn(folder, names, FULL, noting(last)), after);
    assert.deepEqual(last, []);
  });

  it("that was killed goes on with the run at hand", async () => {
    const folder = await scratch();
    const all = await reproduceIn(
      folder,
      ["C5"],
      FULL,
      runner(() => ({})),
    );
    const { verdict } = all[0];
    assert.ok(verdict.kind === "judged");
    // What a killed writer leaves: no summary, and half a line.
    const record = path.join(folder, verdict.measurements[1].records[0]);
    await rm(path.join(record, "summary.json"));
    const head = JSON.parse(await readFile(path.join(record, "spec.json"), "utf8")) as { writer: { pid: number } };
    head.writer.pid = 2 ** 30;
    await writeFile(path.join(record, "spec.json"), JSON.stringify(head));
    await appendFile(path.join(record, "events.jsonl"), '{"type":"st');
    const begun: string[] = [];
    assert.deepEqual(await reproduceIn(folder, ["C5"], FULL, noting(begun)), all);
    assert.equal(begun.length, 1);
  });

  it("is not complete while a run failed that may go well another time", async () => {
    const folder = await scratch();
    const complete = async (kind: LabErrorKind) => {
      await reproduceIn(
        folder,
        ["C2"],
        FULL,
        runner(() => ({ fails: new LabError(kind, "No.") })),
      );
      return (await readReport(folder))?.complete;
    };
    assert.equal(await complete("memory"), false);
    assert.equal(await complete("badInput"), true);
  });

  it("is carried out by one at a time in a folder, and leaves that one's report alone", async () => {
    const folder = await scratch();
    let second: Promise<unknown> | undefined;
    const run: RunExperiment = async function* (spec, options) {
      second ??= assert.rejects(reproduceIn(folder, ["C3"], FULL, run), { kind: "storage", message: /Somebody else/ });
      await second;
      yield* runner(() => ({}))(spec, options);
    };
    await reproduceIn(folder, ["C2"], FULL, run);
    assert.deepEqual(
      (await readReport(folder))?.findings.map(({ id }: Finding) => id),
      ["C2"],
    );
  });

  it("asks for all blocks of each trained checkpoint, however many it has", () => {
    const scope: Scope = { quick: true, trained: [trained("mini", 4), trained("/models/six", 6)] };
    const [claim] = claimsNamed(["C17"]);
    const conditions = claim.plan(scope);
    assert.ok(typeof conditions !== "string");
    assert.deepEqual(
      conditions.map(({ request: { checkpoint, blocks } }) => [checkpoint, blocks]),
      [
        ["mini", 4],
        ["/models/six", 6],
      ],
    );
  });

  it("tells what was left when it is stopped", async () => {
    const controller = new AbortController();
    controller.abort();
    const all = await findings(["C1", "C2"], FULL, () => ({}), controller.signal);
    assert.ok(all.every(({ verdict }) => verdict.kind === "notRun" && verdict.reason === "it was stopped"));
  });

  it("knows its claims by name, in any case, and refuses others", () => {
    assert.deepEqual(
      claimsNamed(["c5", "C1"]).map(({ id }) => id),
      ["C1", "C5"],
    );
    assert.throws(() => claimsNamed(["C21"]), /There is no claim "C21": they are C1 to C20, E1 and E2/);
  });

  it("refuses random weights as a trained checkpoint", () => {
    assert.throws(() => twinOf("random:gpt2"), /not a trained one/);
    assert.equal(twinOf("/models/mine"), "random:/models/mine/config.json");
  });
});

describe("the table of claims", () => {
  let all: Finding[];
  before(async () => (all = await findings([], FULL, () => ({ right: 3, passedAt: 2 }))));

  it("has every claim in Markdown, with verdicts that add up", () => {
    const table = markdown(all, head);
    for (const { id } of CLAIMS) assert.ok(table.includes(`**${id}** `), id);
    const rows = table.split("\n").filter((line) => line.startsWith("|"));
    for (const row of rows) assert.equal(row.replaceAll("\\|", "").split("|").length, 9, row);
    const [holding, failing, missing] = tally(all).match(/\d+/g)!.map(Number);
    assert.equal(holding + failing + missing, CLAIMS.length);
    assert.ok(holding > 0 && failing > 0 && missing > 0);
  });

  it("is one page that loads nothing, with the figure of start points", () => {
    const text = page(all, head);
    for (const { id } of CLAIMS) assert.ok(text.includes(`<section id="${id}">`), id);
    assert.ok(text.includes("<svg ") && text.includes("twelve blocks, matched start"));
    assert.equal(/(src|href)="(?!#)|url\(|@import/.test(text), false);
  });

  it("keeps hostile texts what they are", () => {
    const hostile: Finding = {
      id: "C1",
      statement: "a | b <script>alert(1)</script>",
      expected: "`x`",
      verdict: {
        kind: "judged",
        holds: true,
        measurements: [{ condition: "|", seeds: "<b>", value: "\n", records: ["runs/<b>"] }],
        samples: ["``` | \u2028"],
      },
      elapsedMs: 1,
    };
    assert.equal(page([hostile], head).includes("<script>"), false);
    assert.ok(markdown([hostile], head).includes("a \\| b"));
  });
});
