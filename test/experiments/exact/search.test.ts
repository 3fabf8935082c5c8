// The search of exact recovery on a network that is known by heart: what is called proved is, whatever the ranking.

import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "../../../src/common/random.ts";
import { type Ranking, rankingOf } from "../../../src/experiments/exact/ranking.ts";
import { type Round, search, type SearchOptions } from "../../../src/experiments/exact/search.ts";
import { onlyFit, toy } from "../toy.ts";

const { states: network, embed, network: functions } = toy();
const D = network.sizes.width;
const V = network.vocabulary;

const statesOf = async (ids: readonly number[]) => Float64Array.from(await functions.forward(embed(ids)));

/** Tokens in a given order, the same at each position. */
const ranked = (order: readonly number[]): Ranking => ({
  best: (_, count) => order.slice(0, count),
  score: (_, id) => -order.indexOf(id),
  rank: (_, id) => order.indexOf(id) + 1,
});

async function searched(options: Pick<SearchOptions, "states" | "ranking"> & Partial<SearchOptions>): Promise<Round> {
  let last: Round | undefined;
  const all = { embed, fit: { floatNoise: 1e-15 }, candidates: 1_000_000, ...options };
  for await (const round of search(network, all, new AbortController().signal)) last = round;
  assert.ok(last?.isLast);
  return last;
}

const token = fc.integer({ min: 0, max: V - 1 });
const order = fc.shuffledSubarray([...Array(V).keys()], { minLength: V });

describe("exact recovery", () => {
  it("proves every token, in whatever order they are tried", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(token, { minLength: 1, maxLength: 9 }), order, async (ids, tried) => {
        const { recovery, position, tokenForwards } = await searched({
          states: await statesOf(ids),
          ranking: ranked(tried),
        });
        assert.deepEqual(recovery.tokenIds, ids);
        assert.ok(recovery.certainty.every((certainty) => certainty === "proved"));
        assert.equal(position, ids.length);
        assert.ok(tokenForwards >= ids.length);
        for (const count of recovery.tried) assert.ok(count >= 1 && count <= V);
      }),
      { numRuns: 40 },
    );
  });

  it("needs one pass when the ranking is right", async () => {
    const { tokenForwards } = await searched({ states: await statesOf([4, 4, 4]), ranking: ranked([4, 1, 2]) });
    assert.equal(tokenForwards, 3);
  });

  it("says that no token gives a state, with the nearest one, after it has tried them all", async () => {
    const states = await statesOf([3, 1, 4]);
    for (let i = D; i < 2 * D; i++) states[i] = 40 + i;
    const { recovery } = await searched({ states, ranking: ranked([...Array(V).keys()]) });
    assert.deepEqual([recovery.certainty[0], recovery.certainty[1]], ["proved", "unknown"]);
    assert.equal(recovery.tried[1], V);
    const distances = await Promise.all(
      [...Array(V).keys()].map(async (id) => {
        const own = await statesOf([id]);
        const [part, target] = [own, states.subarray(D, 2 * D)];
        return Math.hypot(...part.map((value, i) => value - target[i])) / Math.hypot(...target);
      }),
    );
    assert.equal(recovery.tokenIds[1], distances.indexOf(Math.min(...distances)));
    assert.ok(Math.abs(recovery.distances[1]! - Math.min(...distances)) < 1e-12);
    // The toy's tokens do not see each other: the one behind is proved all the same.
    assert.deepEqual([recovery.tokenIds[2], recovery.certainty[2]], [4, "proved"]);
  });

  it("never proves a wrong token where states are noisy", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(token, { minLength: 2, maxLength: 9 }),
        order,
        fc.double({ min: 1e-4, max: 0.5, noNaN: true }),
        fc.nat(1000),
        fc.constantFrom(undefined, "noise" as const, "rounding" as const),
        async (ids, tried, std, seed, noisy) => {
          const states = await statesOf(ids);
          const noise = randomStream(seed, "noise").normal(states.length, 0, std, "float64");
          states.forEach((value, i) => (states[i] = value + noise[i]));
          const { recovery } = await searched({ states, ranking: ranked(tried), noisy });
          assert.ok(recovery.certainty.every((certainty) => certainty !== "proved"));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("calls what is nearest most likely where the noise is small", async () => {
    const ids = [3, 1, 4, 1, 5, 9, 2, 6];
    const states = await statesOf(ids);
    const noise = randomStream(5, "noise").normal(states.length, 0, 1e-3, "float64");
    states.forEach((value, i) => (states[i] = value + noise[i]));
    const sizes = { random: 900, sampled: 0, single: 90, length: 3 };
    const fit = await onlyFit(network, sizes);
    const ranking = await rankingOf(network, fit, states);
    const { recovery } = await searched({ states, ranking, noisy: "rounding" });
    assert.deepEqual(recovery.tokenIds, ids);
    assert.ok(recovery.certainty.filter((certainty) => certainty === "likely").length >= 6);
  });

  it("ranks by what the tokens tried have shown to be off behind the same beginning", async () => {
    const ids = [3, 1, 4];
    const states = await statesOf(ids);
    const sizes = { random: 900, sampled: 0, single: 90, length: 3 };
    const ranking = await rankingOf(network, await onlyFit(network, sizes), states);
    // All that stands at position 1 is off in one direction, by more than tokens are apart.
    const bias = [7, -5, 6, -8];
    const off = states.map((value, i) => (Math.floor(i / D) === 1 ? value + bias[i - D] : value));
    const biased = await rankingOf(network, await onlyFit(network, sizes), off);
    assert.equal(ranking.best(1, 1)[0], 1);
    assert.notEqual(biased.best(1, 1)[0], 1);
    const tried = [0, 5, 7];
    const triedStates = (await statesOf(tried)).map((value, i) => value + bias[i % D]);
    assert.equal((await biased.refined!(1, tried, triedStates))[0], 1);
  });

  it("stops trying at the number of candidates that is asked for", async () => {
    const states = await statesOf([11, 3]);
    const { recovery } = await searched({ states, ranking: ranked([...Array(V).keys()]), candidates: 5 });
    assert.equal(recovery.certainty[0], "unknown");
    assert.ok(recovery.tried[0] < 10);
  });
});

describe("the fit of exact recovery", () => {
  it("names tokens that have the same embedding", async () => {
    const twin = (ids: readonly number[]) => embed(ids.map((id) => (id === 7 ? 2 : id)));
    const sizes = { random: 300, sampled: 0, single: "all", length: 3 } as const;
    const fit = await onlyFit({ ...network, tokenRows: twin }, sizes);
    assert.deepEqual(fit.twins, [[2, 7]]);
    assert.equal(fit.firstTokens?.images.length, V * 16);
  });

  it("ends when it is cancelled", async () => {
    const stop = new AbortController();
    const sizes = { random: 6000, sampled: 0, single: 60, length: 3 };
    await assert.rejects(onlyFit(network, sizes, { onProgress: () => stop.abort(), signal: stop.signal }), {
      kind: "cancelled",
    });
  });
});
