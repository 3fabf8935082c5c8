// What exact recovery adds to the source's claims, on whatever trained checkpoint is at hand: what a descent that fails leaves
// undecided, and how much noise hides a text.

import { counted } from "../common/counts.ts";
import type { ExactSpec } from "../experiments/exact/exact-spec.ts";
import {
  type Claim,
  type Condition,
  exactRate,
  figure,
  grouped,
  measured,
  type Observation,
  rateOf,
  rateText,
  type TrainedCheckpoint,
} from "./claim.ts";
import { PROMPT, samplesOf } from "./inversion-claims.ts";
import { onEach, SENTENCE } from "./trained-claims.ts";

const TEXTS = [PROMPT, SENTENCE];

/** Every depth, of deep networks five of them. */
const depthsOf = (blocks: number): number[] =>
  blocks <= 6
    ? Array.from({ length: blocks }, (_, i) => i + 1)
    : [1, ...[0.25, 0.5, 0.75, 1].map((share) => Math.round(share * blocks))];

/** One condition for each depth, and each text. */
const atEachDepth = (
  { blocks }: TrainedCheckpoint,
  conditions: (depth: number, prompt: string) => readonly Condition[],
): Condition[] => depthsOf(blocks).flatMap((depth) => TEXTS.flatMap((prompt) => conditions(depth, prompt)));

/** "mini, 2 blocks" */
const depthName = (source: string, blocks: number): string => `${source}, ${counted(blocks, "block")}`;

const determined: Claim = {
  id: "E1",
  statement:
    "Ours: at depths of a trained network where the default inversion finds the prompt in no restart, and at every other, " +
    "exact recovery proves every token.",
  expected: "the inversion fails in all restarts at some depth, and every token is proved at every depth",
  plan: (scope) =>
    onEach(scope, (trained) =>
      atEachDepth(trained, (blocks, prompt) => {
        const request = { prompt, checkpoint: trained.source, blocks };
        return [
          { name: `${depthName(trained.source, blocks)}, inversion`, request: { ...request, restarts: 2 } },
          { name: `${depthName(trained.source, blocks)}, exact recovery`, request: { ...request, method: "exact" } },
        ];
      }),
    ),
  judge(runs) {
    const conditions = grouped(runs);
    const isExact = ([, [{ spec }]]: (typeof conditions)[number]): boolean => spec.method === "exact";
    const inversions = conditions.filter((condition) => !isExact(condition));
    const allProved = ({ end: { best } }: Observation): boolean => best.exact && best.proved?.every(Boolean) === true;
    return {
      holds:
        inversions.some(([, depth]) => exactRate(depth).successes === 0) &&
        conditions.filter(isExact).every(([, depth]) => depth.every(allProved)),
      measurements: conditions.map(([name, depth], i) =>
        measured(
          name,
          depth,
          isExact(conditions[i])
            ? `all tokens proved in ${rateText(rateOf(depth, allProved))} texts`
            : `exact in ${rateText(exactRate(depth))} restarts`,
        ),
      ),
      samples: inversions.flatMap(([, depth]) => depth.flatMap(samplesOf)),
    };
  },
};

/** Of each state's norm; from what is nothing to what leaves nothing. */
const NOISE = [0.1, 0.3, 0.5, 1, 2];
const HIDES_LITTLE = 0.3;

const noiseOf = ({ spec }: Observation): number => (spec as ExactSpec).noise ?? 0;

/** Tokens right behind the first position, which has nothing before it. */
const rightOf = (runs: readonly Observation[]) =>
  rateOf(
    runs.flatMap(({ start, end }) =>
      end.restarts.flatMap(({ tokenIds }) => tokenIds.map((id, t) => id === start.target.tokenIds[t]).slice(1)),
    ),
    Boolean,
  );

type Level = { readonly noise: number; readonly rate: Pick<ReturnType<typeof rateOf>, "successes" | "trials"> };

/** Where the share of right tokens falls to a half, between two levels of noise on a logarithmic scale. */
function halfHiddenAt(levels: readonly Level[]): number {
  const share = ({ rate: { successes, trials } }: Level): number => successes / trials;
  const place = levels.findIndex((level) => share(level) <= 0.5);
  if (place < 0) return Infinity;
  if (place === 0) return levels[0].noise;
  const [before, after] = [levels[place - 1], levels[place]];
  const way = (share(before) - 0.5) / (share(before) - share(after));
  return before.noise * (after.noise / before.noise) ** way;
}

const noiseText = (noise: number): string => (noise === Infinity ? `more than ${NOISE.at(-1)}` : figure(noise));

const noiseHides: Claim = {
  id: "E2",
  statement:
    "Ours: behind the first position, Gaussian noise hides half of the tokens of a trained network's states from exact " +
    `recovery at more than ${HIDES_LITTLE} of each state's norm, whatever the depth.`,
  expected: `half of the tokens hidden at more than ${HIDES_LITTLE} at every depth`,
  plan: (scope) =>
    onEach(scope, (trained) =>
      atEachDepth(trained, (blocks, prompt) =>
        NOISE.map((noise) => ({
          name: `${depthName(trained.source, blocks)}, noise ${noise}`,
          request: {
            method: "exact",
            prompt,
            checkpoint: trained.source,
            blocks,
            noise,
            restarts: scope.quick ? 2 : 4,
            every: 100,
          },
        })),
      ),
    ),
  judge(runs) {
    const depths = grouped(runs, ({ spec }) => depthName(spec.checkpoint, spec.blocks)).map(([name, depth]) => {
      const levels = grouped(depth).map(([, level]) => ({ level, noise: noiseOf(level[0]), rate: rightOf(level) }));
      return { name, depth, levels, half: halfHiddenAt(levels) };
    });
    return {
      holds: depths.every(({ half }) => half > HIDES_LITTLE),
      measurements: depths.flatMap(({ name, depth, levels, half }) => [
        measured(name, depth, `half of the tokens hidden at ${noiseText(half)}`),
        ...levels.map(({ level, noise, rate }) =>
          measured(`${name}, noise ${noise}`, level, `${rateText(rate)} tokens right behind the first`),
        ),
      ]),
      figure: {
        title: "Tokens right behind the first position, by noise",
        xLabel: "noise, relative to each state's norm",
        yLabel: "share of tokens right",
        places: NOISE.map(String),
        lines: depths.map(({ name, levels }) => ({
          name,
          marked: true,
          points: levels.map(({ rate: { successes, trials } }, place) => [place, successes / trials]),
          band: levels.map(({ rate: { low, high } }, place) => [place, low, high]),
        })),
      },
      remark: `Half of the tokens are hidden at ${depths.map(({ name, half }) => `${noiseText(half)} (${name})`).join(", ")}.`,
    };
  },
};

export const EXACT_CLAIMS: readonly Claim[] = [determined, noiseHides];
