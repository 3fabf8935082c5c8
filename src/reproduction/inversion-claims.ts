// The source's claims on inversion of random networks and fully connected nets, C1 to C7.

import type { PrintedFigure } from "../reports/line-chart.ts";
import { median } from "../common/statistics.ts";
import { type InversionSpec, SOURCE_PRESET } from "../experiments/methods/inversion.ts";
import {
  type Claim,
  type Condition,
  exactRate,
  grouped,
  measured,
  medianRight,
  type Observation,
  rateOf,
  rateText,
  type Scope,
  tokensRight,
} from "./claim.ts";

export const PROMPT = "The sky is blue.";

const PROMPTS = [
  PROMPT,
  "This is a prompt sentence.",
  "The sky is",
  "Call me Ishmael.",
  "Four score and seven years ago our fathers brought forth on this continent a new nation.",
  "She sells sea shells by the sea shore, and the shells she sells are sea shells.",
  "def add(a, b):\n    return a + b",
  "Water boils at 100 °C, or 212 °F.",
  "naïve café — 你好 — привет",
  "1, 2, 3, 4, 5, 6, 7, 8, 9",
  "THE QUICK BROWN FOX",
  "Emoji 🌈 are tokens in parts.",
];

export const seedCount = ({ quick }: Scope): number => (quick ? 4 : 10);

/** The source's own descent: from N(1/2, 1/20), plain. */
export const SOURCE_DESCENT = { start: "source", optimizer: "gd" } as const;

const decodesItself: Claim = {
  id: "C1",
  statement: "Decoding the prompt's own embedding by the pseudo-inverse returns the prompt.",
  expected: "every prompt exact",
  plan: ({ trained }) =>
    ["random:gpt2", ...trained.map(({ source }) => source)].flatMap((checkpoint) =>
      PROMPTS.map((prompt): Condition => {
        // The start point is the prompt's embedding itself; iteration 0 is what is read.
        const request = { prompt, checkpoint, noiseShare: 0, targetShare: 1, iterations: 1, every: 1, shiftDraws: 1 };
        return { name: checkpoint, request };
      }),
    ),
  judge(observations) {
    const groups = grouped(observations);
    const exactAtStart = ({ start, steps: [first] }: Observation): boolean =>
      tokensRight(first, start) === start.target.tokenIds.length;
    return {
      holds: observations.every(exactAtStart),
      measurements: groups.map(([checkpoint, runs]) => {
        const right = runs.reduce((sum, { start, steps }) => sum + tokensRight(steps[0], start), 0);
        const tokens = runs.reduce((sum, { start }) => sum + start.target.tokenIds.length, 0);
        return measured(
          `${checkpoint}, ${runs.length} prompts`,
          runs,
          `${rateText(rateOf(runs, exactAtStart))} exact; ${right} of ${tokens} tokens`,
        );
      }),
    };
  },
};

/** A fully connected net over GPT-2's embeddings, at the rate that suits it best. */
const netCondition = (scope: Scope, network: "invertible" | "notInvertible", iterations: number): Condition => ({
  name: `${network}, N = ${iterations}`,
  request: {
    ...SOURCE_DESCENT,
    prompt: PROMPT,
    network,
    learningRate: "auto",
    iterations,
    every: 5,
    restarts: seedCount(scope),
  },
});

const exactRow = (condition: string, runs: readonly Observation[]) =>
  measured(condition, runs, `${rateText(exactRate(runs))} exact`);

/** The first shown iteration at which each restart decodes to the prompt, Infinity where none does. */
function firstExact({ spec, start, steps }: Observation): number[] {
  return Array.from({ length: spec.restarts }, (_, restart) => {
    const own = steps.filter((step) => step.restart === restart);
    return own.find((step) => tokensRight(step, start) === start.target.tokenIds.length)?.iteration ?? Infinity;
  });
}

const invertibleNet: Claim = {
  id: "C2",
  statement: "The invertible fully connected net gives the prompt back exactly in about 60 iterations.",
  expected: "most restarts exact at N = 60 (lower end of the interval above one half)",
  plan: (scope) => [netCondition(scope, "invertible", 60)],
  judge: ([run]) => ({
    holds: exactRate([run]).low > 0.5,
    measurements: [
      measured(
        `T·D → 4·T·D → 4·T·D, plain descent at η = ${run.start.rateSearch?.chosen}, N = 60`,
        [run],
        `${rateText(exactRate([run]))} exact, first at iteration ${median(firstExact(run))} (median)`,
      ),
    ],
    samples: samplesOf(run),
  }),
};

const notInvertibleNet: Claim = {
  id: "C3",
  statement:
    "With a last layer back to T·D numbers the net is not invertible, and the prompt usually does not come back.",
  expected: "most restarts not exact (upper end of the interval below one half)",
  plan: (scope) => [netCondition(scope, "notInvertible", 60), netCondition(scope, "notInvertible", 300)],
  judge: (runs) => ({
    holds: runs.every((run) => exactRate([run]).high < 0.5),
    measurements: runs.map((run) =>
      exactRow(`plain descent at η = ${run.start.rateSearch?.chosen}, N = ${run.spec.iterations}`, [run]),
    ),
    samples: samplesOf(runs[runs.length - 1]),
  }),
};

const oneBlockAndHead: Claim = {
  id: "C4",
  statement: "One random block with the head: after a few hundred iterations the text is partly right.",
  expected: "median of the tokens right above 0 and below all, with the source's setting",
  plan: (scope) => {
    const request = { ...SOURCE_PRESET, prompt: PROMPT, iterations: 300, every: 300, restarts: seedCount(scope) };
    return [
      { name: "source's setting, N = 300", request },
      { name: "the same with positions 0…T−1", request: { ...request, positions: "sequential" } },
    ];
  },
  judge: (runs) => {
    const length = runs[0].start.target.tokenIds.length;
    return {
      holds: medianRight(runs[0]) > 0 && medianRight(runs[0]) < length,
      measurements: runs.map((run) =>
        measured(
          run.name,
          [run],
          `median of ${medianRight(run)} of ${length} tokens right; ${rateText(exactRate([run]))} exact`,
        ),
      ),
      samples: samplesOf(runs[0]),
    };
  },
};

const LENGTHS = { quick: [100, 1000], full: [100, 300, 1000] };

const oneBlock: Claim = {
  id: "C5",
  statement: "One random block: with N ≥ 1000 the prompt comes back exactly, for more and more seeds as N grows.",
  expected: "the rate of exact restarts never falls with N, and most are exact at N = 1000",
  plan: (scope) =>
    LENGTHS[scope.quick ? "quick" : "full"].flatMap((iterations) =>
      [0, 1].map((initSeed): Condition => {
        const request = {
          ...SOURCE_DESCENT,
          prompt: PROMPT,
          learningRate: 0.003,
          initSeed,
          restarts: seedCount(scope),
        };
        return { name: `N = ${iterations}`, request: { ...request, iterations, every: iterations } };
      }),
    ),
  judge(observations) {
    const groups = grouped(observations);
    const rates = groups.map(([, runs]) => exactRate(runs));
    const rising = rates.every(({ successes }, i) => i === 0 || successes >= rates[i - 1].successes);
    return {
      holds: rising && rates[rates.length - 1].low > 0.5,
      measurements: groups.map(([name, runs]) => exactRow(`N(1/2, 1/20), plain descent η = 0.003, ${name}`, runs)),
    };
  },
};

const twoBlocks: Claim = {
  id: "C6",
  statement: "Two random blocks are harder to invert than one.",
  expected: "fewer tokens right with two blocks than with one from the source's start point",
  plan: (scope) => {
    const common = { prompt: PROMPT, optimizer: "gd", restarts: seedCount(scope) } as const;
    const fromSource = {
      ...common,
      start: "source",
      learningRate: 0.003,
      iterations: scope.quick ? 400 : 1000,
    } as const;
    return [
      { name: "one block, source's start", request: { ...fromSource, every: 100 } },
      { name: "two blocks, source's start", request: { ...fromSource, blocks: 2, every: 100 } },
      {
        name: "twelve blocks, source's start",
        request: { ...fromSource, blocks: 12, iterations: scope.quick ? 60 : 400, every: scope.quick ? 10 : 20 },
      },
      {
        name: "twelve blocks, matched start",
        request: {
          ...common,
          start: "matched",
          learningRate: 0.002,
          blocks: 12,
          iterations: scope.quick ? 60 : 100,
          every: 5,
        },
      },
    ];
  },
  judge(runs) {
    const matched = exactRate([runs[3]]);
    return {
      holds: medianRight(runs[1]) < medianRight(runs[0]),
      measurements: runs.map((run) =>
        measured(
          `${run.name}, η = ${(run.spec as InversionSpec).learningRate}, N = ${run.spec.iterations}`,
          [run],
          `median of ${medianRight(run)} of ${run.start.target.tokenIds.length} tokens right; ${rateText(exactRate([run]))} exact`,
        ),
      ),
      remark:
        `The depth is not what makes it hard: from a start with the embeddings' own spread ` +
        `${rateText(matched)} come back exactly through all twelve random blocks.`,
      figure: startPointFigure(runs),
    };
  },
};

function startPointFigure(runs: readonly Observation[]): PrintedFigure {
  return {
    title: "Tokens of the prompt found, mean over seeds",
    xLabel: "iteration",
    yLabel: "tokens right",
    lines: runs.map(({ name, steps, start, spec }) => {
      const iterations = [...new Set(steps.map(({ iteration }) => iteration))];
      return {
        name,
        points: iterations.map((iteration) => {
          const there = steps.filter((step) => step.iteration === iteration);
          return [iteration, there.reduce((sum, step) => sum + tokensRight(step, start), 0) / spec.restarts] as const;
        }),
      };
    }),
  };
}

const twelveBlocksAndHead: Claim = {
  id: "C7",
  statement:
    "Twelve random blocks with the head (N = 2000, η = 0.001): other tokens, and the same next token as the prompt.",
  expected: "most restarts with the same next token, and none of them the prompt",
  plan: (scope) => {
    const iterations = scope.quick ? 100 : 2000;
    const request = { ...SOURCE_PRESET, prompt: PROMPT, blocks: 12, iterations, every: iterations };
    return [{ name: `source's setting, N = ${iterations}`, request: { ...request, restarts: seedCount(scope) } }];
  },
  judge: ([run]) => {
    const same = rateOf(run.end.restarts, ({ sameNextToken }) => sameNextToken === true);
    return {
      holds: same.low > 0.5 && run.end.restarts.every(({ exact }) => !exact),
      measurements: [
        measured(
          run.name,
          [run],
          `${rateText(same)} with the same next token; ${rateText(exactRate([run]))} exact; ` +
            `${rateText(rateOf(run.end.restarts, ({ beatsShift }) => beatsShift))} closer than the shift test`,
        ),
      ],
      samples: samplesOf(run),
    };
  },
};

export const samplesOf = ({ end }: Observation): string[] => end.restarts.slice(0, 3).map(({ text }) => text);

export const INVERSION_CLAIMS: readonly Claim[] = [
  decodesItself,
  invertibleNet,
  notInvertibleNet,
  oneBlockAndHead,
  oneBlock,
  twoBlocks,
  twelveBlocksAndHead,
];
