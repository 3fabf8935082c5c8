// `npm run bench -- exact`: exact recovery of prompts of 20 and of 100 tokens, beside two other ways to find the same
// tokens on the same weights and prompts, a position after the other behind the same cached prefix: SipIt's policy (a
// gradient step on the embedding, then the nearest token that was not tried; arXiv 2510.15511) and a random order of the
// vocabulary, each with a cap. With --quick, a few prompts of mini.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { median } from "../src/common/statistics.ts";
import type { FloatArray } from "../src/common/floats.ts";
import { EngineClient } from "../src/engine/client.ts";
import { OpenStatesNetwork } from "../src/engine/open-states-network.ts";
import type { EndEvent, RunEvent, StartEvent } from "../src/experiments/events.ts";
import { randomIds } from "../src/experiments/exact/fit.ts";
import { maskOf, Prefix, sideBySide } from "../src/experiments/exact/prefix.ts";
import { embedRows, embedTexts, passRows, relativeDistance } from "../src/experiments/exact/states-network.ts";
import { parseSpec } from "../src/experiments/spec.ts";
import { cacheOf } from "../src/networks/cached-pass.ts";
import { compile } from "../src/runtime/compile.ts";
import { gradient } from "../src/tensorgraph/gradients.ts";
import { multiply, reduceSum, reshape, subtract } from "../src/tensorgraph/operations.ts";
import { input, scalar } from "../src/tensorgraph/tensor.ts";
import { loadTokenizer } from "../src/text/tokenizer.ts";
import { QUICK } from "./loops.ts";
import { printTable, type Row } from "./table.ts";

const ROOT = path.join(import.meta.dirname, "..");
const CACHE = path.join(ROOT, ".cache/tests");
const MODELS = path.join(ROOT, "models");
const PROOF = 1e-5;
/** Tokens tried at a position by the other ways. */
const CAP = QUICK ? 64 : 128;

const tokenizer = await loadTokenizer();
/** Our own documents: nobody has fitted anything to them. */
const DOCUMENTS = ["docs/ARCHITECTURE.md", "docs/EXACT-RECOVERY.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
const documents = await Promise.all(DOCUMENTS.map((name) => readFile(path.join(ROOT, name), "utf8")));
const english = tokenizer.encode(
  documents
    .join(" ")
    .replace(/[^A-Za-z0-9.,;:'’ ]+/g, " ")
    .replace(/ +/g, " "),
);

const MANY = 200;

/** Natural and random texts in turn; texts that are other tokens when they are read again are left out. */
function prompts(count: number, length: number): string[] {
  const texts: string[] = [];
  for (let i = 0; texts.length < count; i++) {
    const isRandom = texts.length % 2 === 1;
    // Windows of many texts overlap: there are only so many documents.
    const from = count > MANY ? 7 * i : i * length;
    const ids = isRandom ? randomIds(i, "prompt", length, 50257) : english.slice(from, from + length);
    const text = tokenizer.decode(ids);
    if (ids.length === length && tokenizer.encode(text).join() === ids.join()) texts.push(text);
    if (i > 20_000) throw new Error(`There are only ${texts.length} prompts of ${length} tokens.`);
  }
  return texts;
}

interface Figures {
  readonly exact: number;
  readonly proved: number;
  readonly forwards: number;
  readonly ms: number;
  readonly fit: NonNullable<StartEvent["fit"]>;
}

async function recovered(
  engine: EngineClient,
  request: Readonly<Record<string, unknown>>,
  texts: readonly string[],
): Promise<Figures> {
  const ends: EndEvent[] = [];
  let fit: StartEvent["fit"];
  for (const prompt of [texts[0], ...texts]) {
    const { start, end } = await recovery(engine, { prompt, ...request });
    fit ??= start.fit;
    ends.push(end);
  }
  ends.shift(); // The first opened what the others find open.
  const mean = (of: (end: EndEvent) => number) => ends.reduce((sum, end) => sum + of(end), 0) / ends.length;
  return {
    exact: ends.filter(({ best }) => best.exact).length,
    proved: ends.filter(({ best }) => best.proved!.every(Boolean)).length,
    forwards: mean(({ tokenForwards }) => tokenForwards!),
    ms: median(ends.map(({ elapsedMs }) => elapsedMs)),
    fit: fit!,
  };
}

async function recovery(engine: EngineClient, request: Readonly<Record<string, unknown>>) {
  const events: RunEvent[] = [];
  const spec = parseSpec({ method: "exact", device: "cpu", every: 1_000_000, ...request });
  for await (const event of engine.run(spec, {})) events.push(event);
  return { start: events[0] as StartEvent, end: events.at(-1) as EndEvent };
}

/** Tokens that are called proved or most likely, and are others, behind states that are not exact. */
async function falseCalls(engine: EngineClient, texts: readonly string[], protections: readonly object[]) {
  const found = { proved: 0, likely: 0, right: 0, tokens: 0 };
  for (const [i, prompt] of texts.entries()) {
    const protection = protections[i % protections.length];
    const blocks = 1 + (Math.floor(i / protections.length) % 4);
    const { start, end } = await recovery(engine, { prompt, checkpoint: "mini", blocks, seed: i, ...protection });
    const { tokenIds, certainty } = end.best;
    tokenIds.forEach((id, t) => {
      const isRight = id === start.target.tokenIds[t];
      found.tokens++;
      found.right += Number(isRight);
      if (!isRight && certainty![t] !== "unknown") found[certainty![t]]++;
    });
  }
  return found;
}

/** Proposes tokens at a position, one list after the other, until one is right. */
type Policy = (target: FloatArray, prefix: Prefix, position: number) => AsyncGenerator<number[]>;

/** Share of the tokens found, and milliseconds a prompt, by another policy that goes on from the right prefix. */
async function byPolicy(network: OpenStatesNetwork, policy: Policy, texts: readonly string[]) {
  const { width: D } = network.sizes;
  let [found, forwards, tokens] = [0, 0, 0];
  const times: number[] = [];
  for (const text of texts) {
    const ids = tokenizer.encode(text);
    const T = ids.length;
    const pass = await network.openPass(passRows(64), passRows(T));
    const e = embedTexts(network, [ids]);
    const embedAt = (some: readonly number[], t: number) => embedRows(network, some, () => t);
    const prefix = new Prefix({ ...network.sizes, capacity: passRows(T) });
    const began = performance.now();
    for (let t = 0; t < T; t++) {
      const right = await prefix.pass(pass, e.subarray(t * D, (t + 1) * D), sideBySide);
      const target = right.states[0].slice();
      let tried = 0;
      search: for await (const some of policy(target, prefix, t)) {
        const { states } = await prefix.pass(pass, embedAt(some, t), sideBySide, false);
        forwards += some.length;
        tried += some.length;
        for (let row = 0; row < some.length; row++) {
          if (relativeDistance(states[0], row * D, target, 0, D) > PROOF) continue;
          found++;
          break search;
        }
        if (tried >= CAP) break;
      }
      prefix.settle(right, 0, 1);
    }
    tokens += T;
    times.push(performance.now() - began);
  }
  return { share: found / tokens, forwards: forwards / texts.length, ms: median(times) };
}

const inRandomOrder = (vocabulary: number): Policy =>
  async function* (_target, _prefix, position) {
    const ids = randomIds(position, "order", CAP, vocabulary);
    for (let from = 0; from < CAP; from += 64) yield ids.slice(from, from + 64);
  };

/** e ← e − γ ∇½‖h(e) − h*‖²/‖h*‖², from the mean embedding; then the nearest token that was not tried. */
async function sipIt(
  network: OpenStatesNetwork,
  source: string,
  blocks: number,
  T: number,
): Promise<{ policy: Policy; release(): Promise<void> }> {
  const checkpoint = await openCheckpoint(
    source,
    { blocks },
    { cacheFolder: CACHE, modelsFolder: MODELS, initSeed: 0 },
  );
  const { config } = checkpoint;
  const { width: D, heads, headWidth } = network.sizes;
  const P = passRows(T);
  const x = input("embedding", [1, D], "float32");
  const past = Array.from({ length: blocks }, (_, i) => ({
    keys: input(`keys ${i}`, [heads, P, headWidth], "float32"),
    values: input(`values ${i}`, [heads, P, headWidth], "float32"),
  }));
  const mask = input("mask", [1, P + 1], "float32");
  const state = cacheOf(config).blocks(x, { config, blocks }, mask, past).at(-1)!.state;
  const apart = subtract(state, input("target", [1, D], "float32"));
  const loss = reshape(reduceSum(multiply(apart, apart), [0, 1]), []);
  const graph = await compile(
    { gradient: gradient(loss, scalar(1, "float32"), x) },
    { weights: checkpoint, device: "cpu", memory: "speed" },
  );
  const all = network.tokenRows([...Array(network.vocabulary).keys()]);
  const mean = new Float32Array(D);
  for (let i = 0; i < all.length; i++) mean[i % D] += all[i] / network.vocabulary;
  const squares = new Float32Array(network.vocabulary);
  for (let i = 0; i < all.length; i++) squares[Math.floor(i / D)] += all[i] ** 2;
  const spread = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / network.vocabulary);
  return {
    release: () => graph.release(),
    async *policy(target, prefix, position) {
      const places = network.positions(T);
      const e = mean.slice();
      const seen = new Set<number>();
      const { keys, values } = prefix.cache;
      const sight = maskOf("float32", { rows: 1, past: P }, prefix.length, 1, sideBySide);
      for (let step = 0; ; step++) {
        const embedding = e.map((value, i) => value + places[position * D + i]);
        const feeds = Object.fromEntries(
          past.flatMap((_, i) => [
            [`keys ${i}`, keys[i]],
            [`values ${i}`, values[i]],
          ]),
        );
        const { gradient: g } = await graph.run({ embedding, target, mask: sight, ...feeds }, ["gradient"]);
        // Steps of a tenth of a token's norm: gradients of deep layers have sizes of their own.
        const scale = (0.1 * spread) / Math.hypot(...g);
        for (let i = 0; i < D; i++) e[i] -= scale * g[i];
        const products = await network.tokenProducts(e);
        let best = -1;
        for (let v = 0; v < squares.length; v++) {
          if (seen.has(v)) continue;
          if (best < 0 || 2 * products[v] - squares[v] > 2 * products[best] - squares[best]) best = v;
        }
        seen.add(best);
        yield [best];
      }
    },
  };
}

const rows: Row[] = [];
const engine = new EngineClient({
  modulePath: path.join(ROOT, "dist/engine.cjs"),
  cacheFolder: CACHE,
});
try {
  const work = QUICK
    ? [{ source: "mini", blocks: 4, count: 10, length: 20, weights: "stored" }]
    : [
        ...[1, 2, 3, 4].map((blocks) => ({ source: "mini", blocks, count: 200, length: 20, weights: "stored" })),
        ...[1, 2, 3, 4].map((blocks) => ({ source: "mini", blocks, count: 200, length: 20, weights: "int8" })),
        { source: "mini", blocks: 4, count: 10, length: 100, weights: "stored" },
        { source: "random:gpt2", blocks: 12, count: 20, length: 20, weights: "stored" },
      ];
  for (const { source, blocks, count, length, weights } of work) {
    const texts = prompts(count, length);
    const figures = await recovered(engine, { checkpoint: source, blocks, weights }, texts);
    rows.push({
      work: `exact recovery, ${source}, ${weights} weights, ${blocks} blocks, ${count} prompts of ${length} tokens`,
      measured:
        `${figures.exact} exact, ${figures.proved} proved; ${figures.forwards.toFixed(1)} token forwards; ` +
        `${figures.ms.toFixed(0)} ms; fit of ${figures.fit.tokens} tokens in ${figures.fit.seconds.toFixed(1)} s`,
      bar: source === "mini" ? "all exact, ≤ 30 token forwards" : "all exact, ≤ 25; ≤ 500 ms",
      values: { exact: figures.exact, proved: figures.proved, tokenForwards: figures.forwards, ms: figures.ms },
    });
    console.error(rows.at(-1)!.work, rows.at(-1)!.measured);
    if (length !== 20 || blocks !== 4 || weights !== "stored") continue;
    const few = texts.slice(0, QUICK ? 1 : 3);
    const options = { cacheFolder: CACHE, modelsFolder: MODELS, initSeed: 0 };
    const checkpoint = await openCheckpoint(source, { blocks }, options);
    const none = () => Promise.reject(new Error("Nothing is sampled here."));
    const network = new OpenStatesNetwork({
      ...{ checkpoint, weights: checkpoint, whole: none, headGramInverse: none },
      ...{
        taps: [{ blocks, finalNorm: false }],
        type: "float32",
        positions: "sequential",
        device: "cpu",
        memory: "speed",
      },
    });
    const sipItself = await sipIt(network, source, blocks, length);
    for (const [name, other] of [
      ["SipIt's policy", sipItself.policy],
      ["random order", inRandomOrder(network.vocabulary)],
    ] as const) {
      const { share, forwards, ms } = await byPolicy(network, other, few);
      rows.push({
        work: `${name}, up to ${CAP} tokens a position / exact recovery, ${source}, ${blocks} blocks, ${few.length} prompts of ${length} tokens`,
        measured: `${(ms / figures.ms).toFixed(0)} times the time; ${(100 * share).toFixed(0)} % of the tokens; ${forwards.toFixed(0)} token forwards`,
        bar: "",
        values: { ratio: ms / figures.ms, share, tokenForwards: forwards },
      });
      console.error(rows.at(-1)!.work, rows.at(-1)!.measured);
    }
    await sipItself.release();
    await network.release();
  }
  const many = prompts(QUICK ? 16 : 1000, 20);
  const noise = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3].map((std) => ({ noise: std }));
  for (const [name, protections, texts] of [
    ["states with noise of 1e-6 to 0.3", noise, many],
    ["states in bfloat16", [{ round: "bfloat16" }], many.slice(0, QUICK ? 8 : 200)],
  ] as const) {
    const { proved, likely, right, tokens } = await falseCalls(engine, texts, protections);
    rows.push({
      work: `${name}, mini, 1 to 4 blocks in turn, ${texts.length} prompts of 20 tokens`,
      measured: `${proved} tokens proved and ${likely} most likely that are others; ${right} of ${tokens} right`,
      bar: "0 proved that are others",
      values: { proved, likely, right, tokens },
    });
    console.error(rows.at(-1)!.work, rows.at(-1)!.measured);
  }
  printTable(`exact recovery, float32${QUICK ? ", as briefly as possible" : ""}`, rows);
} finally {
  await engine.dispose();
}
