// The source's claims on trained networks, C8 to C13 and C17 to C20, on whatever trained checkpoint is at hand.

import { median } from "../common/statistics.ts";
import type { InversionRequest, InversionSpec } from "../experiments/methods/inversion.ts";
import {
  type Claim,
  type Condition,
  figure,
  measured,
  medianRight,
  medianText,
  type Observation,
  passedAt,
  rateOf,
  rateText,
  type Scope,
  type TrainedCheckpoint,
} from "./claim.ts";
import { PROMPT, samplesOf, seedCount, SOURCE_DESCENT } from "./inversion-claims.ts";

const NONE_AT_HAND = "no trained checkpoint was given (--checkpoint)";
export const SENTENCE = "This is a prompt sentence.";

const most = ({ quick }: Scope): number => (quick ? 300 : 3000);

/** One condition for every checkpoint, or why there is none. */
export const onEach = (
  scope: Scope,
  conditions: (checkpoint: TrainedCheckpoint) => readonly Condition[],
): readonly Condition[] | string => (scope.trained.length === 0 ? NONE_AT_HAND : scope.trained.flatMap(conditions));

/** Plain descent from the source's start at the rate that suits the condition, so that conditions can be compared. */
const descent = (scope: Scope, name: string, request: Partial<InversionRequest>): Condition => ({
  name,
  request: {
    ...SOURCE_DESCENT,
    prompt: PROMPT,
    learningRate: "auto",
    iterations: most(scope),
    every: most(scope),
    restarts: seedCount(scope),
    ...request,
  },
});

const iterationsToPass = (run: Observation): number[] => run.end.restarts.map(passedAt);

const passingRow = (run: Observation) =>
  measured(
    `${run.name}, η = ${run.start.rateSearch?.chosen ?? (run.spec as InversionSpec).learningRate}, N = ${run.spec.iterations}`,
    [run],
    `closer than the shift test after ${medianText(iterationsToPass(run))} iterations, ` +
      `${rateText(rateOf(run.end.restarts, ({ beatsShift }) => beatsShift))} of the restarts; ` +
      `median of ${medianRight(run)} tokens right`,
  );

/** How many times as long one of two runs takes to pass the shift test; what never passed counts as all its iterations. */
function timesAsLong(slow: Observation, fast: Observation): number {
  const typical = (run: Observation): number => Math.min(median(iterationsToPass(run)), run.spec.iterations);
  return typical(slow) / Math.max(1, typical(fast));
}

/** Judges runs that come in pairs (one pair a checkpoint) by how many times as long the first takes. */
function pairs(runs: readonly Observation[]): { factors: number[]; text: string } {
  const factors = runs.flatMap((run, i) => (i % 2 === 0 ? [timesAsLong(run, runs[i + 1])] : []));
  const capped = runs.some((run, i) => i % 2 === 0 && median(iterationsToPass(run)) === Infinity);
  const text = factors
    .map((factor) => `${capped ? "at least " : ""}${figure(factor)} times as many iterations`)
    .join("; ");
  return { factors, text };
}

const trainedIsSlower: Claim = {
  id: "C8",
  statement:
    "A trained block with the head needs about 100 times the iterations of an untrained one to pass the shift test.",
  expected: "at least 30 times as many iterations",
  plan: (scope) =>
    onEach(scope, ({ source, twin }) => [
      descent(scope, `${source}, 1 block and head`, { checkpoint: source, output: "blockHead" }),
      descent(scope, `${twin}, 1 block and head`, { checkpoint: twin, output: "blockHead" }),
    ]),
  judge: (runs) => {
    const { factors, text } = pairs(runs);
    return {
      holds: factors.every((factor) => factor >= 30),
      measurements: runs.map(passingRow),
      remark: `Trained takes ${text}.`,
    };
  },
};

/** A change that the source found to make no difference there. */
const makesNoDifference = (id: string, what: string, change: Partial<InversionRequest>): Claim => ({
  id,
  statement: `${what} changes nothing of how slowly a trained block with the head is inverted.`,
  expected: "between half and twice the iterations",
  plan: (scope) =>
    onEach(scope, ({ source }) => [
      descent(scope, `${source}, 1 block and head, ${what}`, { checkpoint: source, output: "blockHead", ...change }),
      descent(scope, `${source}, 1 block and head`, { checkpoint: source, output: "blockHead" }),
    ]),
  judge: (runs) => {
    const { factors, text } = pairs(runs);
    if (runs.every((run) => median(iterationsToPass(run)) === Infinity)) {
      return `it was run, and neither passed the shift test within ${runs[0].spec.iterations} iterations, so they cannot be told apart`;
    }
    return {
      holds: factors.every((factor) => factor >= 0.5 && factor <= 2),
      measurements: runs.map(passingRow),
      remark: `${what} takes ${text}.`,
    };
  },
});

const nearlyThere: Claim = {
  id: "C11",
  statement:
    "From a start that is 0.999 of the target and 0.001 of noise, descent through a trained block with the head passes the " +
    "shift test and still decodes to nonsense.",
  expected: "most restarts pass, and at most half of their tokens are right",
  plan: (scope) =>
    onEach(scope, ({ source }) =>
      [
        [0.001, 0.999],
        [1, 1],
      ].map(([noiseShare, targetShare]) =>
        descent(scope, `${source}, (s, t) = (${noiseShare}, ${targetShare})`, {
          prompt: SENTENCE,
          checkpoint: source,
          output: "blockHead",
          noiseShare,
          targetShare,
          iterations: Math.min(1000, most(scope)),
        }),
      ),
    ),
  judge: (runs) => ({
    holds: runs.every((run) => {
      const passed = rateOf(run.end.restarts, ({ beatsShift }) => beatsShift);
      return passed.low > 0.5 && medianRight(run) <= run.start.target.tokenIds.length / 2;
    }),
    measurements: runs.map(passingRow),
    samples: runs.flatMap(samplesOf),
  }),
};

const headIsTheBottleneck: Claim = {
  id: "C12",
  statement: "Without the head a trained block passes the shift test more than 100 times sooner.",
  expected: "at least 100 times as many iterations with the head",
  plan: (scope) =>
    onEach(scope, ({ source }) => [
      descent(scope, `${source}, 1 block and head`, { checkpoint: source, output: "blockHead" }),
      descent(scope, `${source}, 1 block`, { checkpoint: source }),
    ]),
  judge: (runs) => {
    const { factors, text } = pairs(runs);
    return {
      holds: factors.every((factor) => factor >= 100),
      measurements: runs.map(passingRow),
      samples: samplesOf(runs[1]),
      remark: `With the head it takes ${text}.`,
    };
  },
};

/** Do two tokens begin alike, but for case and a blank before them? A rough sign of one word in two forms. */
const alike = (a: string, b: string): boolean => {
  const stem = (text: string): string => text.trim().toLowerCase().slice(0, 4);
  return stem(a) !== "" && stem(a) === stem(b);
};

const nearSynonyms: Claim = {
  id: "C13",
  statement:
    "Over trained embeddings, the invertible net's best five tokens a position are near-synonyms of the true one.",
  expected:
    "at most positions one of the other four begins as the true token does, and over untrained embeddings at none",
  plan: (scope) =>
    onEach(scope, ({ source, twin }) =>
      [source, twin].map((checkpoint) => ({
        name: `invertible net over ${checkpoint}`,
        request: {
          ...SOURCE_DESCENT,
          prompt: PROMPT,
          checkpoint,
          network: "invertible",
          learningRate: "auto",
          iterations: 200,
          every: 200,
          restarts: scope.quick ? 2 : 4,
        } as const,
      })),
    ),
  judge: (runs) => {
    const share = ({ start, steps }: Observation) => {
      const last = steps.filter(({ iteration }) => iteration > 0);
      const positions = last.flatMap(({ topK }) =>
        topK.map((row, position) => [row, start.target.tokens[position]] as const),
      );
      return rateOf(positions, ([row, token]) => row.slice(1).some(({ text }) => alike(text, token)));
    };
    return {
      holds: runs.every((run, i) => (i % 2 === 0 ? share(run).low > 0.5 : share(run).successes === 0)),
      measurements: runs.map((run) =>
        measured(
          run.name,
          [run],
          `at ${rateText(share(run))} positions another of the best five begins as the true token does`,
        ),
      ),
      samples: runs.flatMap(({ steps }) => {
        const last = steps[steps.length - 1];
        return [0, 1, 2, 3, 4].map((place) => last.topK.map((row) => row[place]?.text ?? "").join(""));
      }),
      remark:
        "Beginning alike is a rough sign of one word in two forms; whether the others are synonyms is for a reader to say.",
    };
  },
};

const tokensLeave: Claim = {
  id: "C17",
  statement:
    "In a clamped walk on a trained network without the head, the decoded tokens leave the prompt one after the other.",
  expected: "most restarts end with other tokens, and at most one token in ten steps back",
  plan: (scope) =>
    onEach(scope, ({ source, blocks }) => [
      {
        name: `${source}, all blocks`,
        request: {
          method: "clampedWalk",
          prompt: PROMPT,
          checkpoint: source,
          blocks,
          iterations: scope.quick ? 100 : 400,
          every: scope.quick ? 5 : 10,
          innerSteps: 10,
          randEta: 0.02,
          learningRate: 1e-5,
          restarts: seedCount(scope),
        },
      },
    ]),
  judge: (runs) => ({
    holds: runs.every((run) => {
      const { left, back } = comings(run);
      return rateOf(run.end.restarts, ({ exact }) => !exact).low > 0.5 && back <= left / 10;
    }),
    measurements: runs.map((run) => {
      const { left, back } = comings(run);
      return measured(
        run.name,
        [run],
        `${rateText(rateOf(run.end.restarts, ({ exact }) => !exact))} restarts have left the prompt; tokens left ${left} times ` +
          `and came back ${back} times; r ${medianText(run.end.restarts.map(({ ratio }) => ratio ?? Infinity))}`,
      );
    }),
    samples: runs.flatMap((run) => courseOf(run)),
  }),
};

/** How often a position's token left the prompt's, and came back to it. */
function comings({ spec, start, steps }: Observation): { left: number; back: number } {
  let [left, back] = [0, 0];
  for (let restart = 0; restart < spec.restarts; restart++) {
    const rows = steps.filter((step) => step.restart === restart);
    rows.slice(1).forEach(({ tokenIds }, i) =>
      tokenIds.forEach((id, position) => {
        const [was, is] = [rows[i].tokenIds[position], id].map((token) => token === start.target.tokenIds[position]);
        if (was && !is) left++;
        if (!was && is) back++;
      }),
    );
  }
  return { left, back };
}

/** The different texts that the first restart goes through, the first six. */
const courseOf = ({ steps }: Observation): string[] =>
  [...new Set(steps.filter(({ restart }) => restart === 0).map(({ text }) => text))].slice(0, 6);

const xlOf = ({ trained }: Scope) => trained.find(({ source }) => /gpt2-xl/.test(source));
const NO_XL = "no trained gpt2-xl was given (--checkpoint openai-community/gpt2-xl)";

const xlOneBlock: Claim = {
  id: "C18",
  statement:
    "One trained block of gpt2-xl passes the shift test in about 20 iterations, with less repetition than gpt2.",
  expected: "median of at most 40 iterations",
  plan: (scope) => {
    const xl = xlOf(scope);
    return xl ? [descent(scope, `${xl.source}, 1 block`, { checkpoint: xl.source })] : NO_XL;
  },
  judge: (runs) => ({
    holds: median(iterationsToPass(runs[0])) <= 40,
    measurements: runs.map(passingRow),
    samples: runs.flatMap(samplesOf),
  }),
};

const xlWhole: Claim = {
  id: "C19",
  statement: "All 48 blocks of gpt2-xl can be inverted with 8-bit weights, and are harder than the first 24.",
  expected: "the run completes, and comes less close, relative to the shift test, than 24 blocks do",
  plan: (scope) => {
    const xl = xlOf(scope);
    if (!xl) return NO_XL;
    return [48, 24].map((blocks) =>
      descent(scope, `${xl.source}, ${blocks} blocks, 8 bits`, {
        checkpoint: xl.source,
        blocks,
        weights: "int8",
        memory: "low",
        iterations: 100,
        every: 100,
        restarts: 1,
      }),
    );
  },
  judge: (runs) => {
    const closeness = ({ start, end }: Observation): number => end.best.outputDistance / start.shiftDistance;
    return {
      holds: closeness(runs[0]) > closeness(runs[1]),
      measurements: runs.map((run) =>
        measured(
          run.name,
          [run],
          `output distance ${figure(closeness(run))} of the shift test's after ${run.end.iterations} iterations`,
        ),
      ),
      samples: runs.flatMap(samplesOf),
    };
  },
};

const repetitionFalls: Claim = {
  id: "C20",
  statement: "What trained networks' hidden states are inverted to repeats itself less, the larger the model.",
  expected: "the share of repeated tokens falls from each checkpoint to the next in the order given (smallest first)",
  plan: (scope) =>
    scope.trained.length < 2
      ? "it needs two trained checkpoints of different size or more (--checkpoint, smallest first)"
      : scope.trained.map(({ source }) => descent(scope, `${source}, 1 block`, { checkpoint: source })),
  judge: (runs) => {
    const repeated = runs.map(({ end }) => end.restarts.map(({ repetition }) => repetition.repeated));
    return {
      holds: repeated.every((values, i) => i === 0 || median(values) < median(repeated[i - 1])),
      measurements: runs.map((run, i) =>
        measured(
          run.name,
          [run],
          `share of repeated tokens ${medianText(repeated[i])}; distinct-1 ${medianText(run.end.restarts.map(({ repetition }) => repetition.distinct1))}`,
        ),
      ),
      samples: runs.flatMap(samplesOf),
    };
  },
};

export const TRAINED_CLAIMS: readonly Claim[] = [
  trainedIsSlower,
  makesNoDifference("C9", "float64", { dtype: "float64" }),
  makesNoDifference("C10", "L2", { metric: "l2" }),
  nearlyThere,
  headIsTheBottleneck,
  nearSynonyms,
  tokensLeave,
  xlOneBlock,
  xlWhole,
  repetitionFalls,
];
