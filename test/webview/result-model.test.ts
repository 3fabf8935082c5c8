import assert from "node:assert/strict";
import { emptyPage } from "../../webview/page-model.ts";
import { resultOf } from "../../webview/result-model.ts";
import { done, info, pageWith, running, walking } from "../support/pages.ts";
import { endEvent, exactRun, exactSpec, spec, startEvent, stepEvent } from "../support/run-events.ts";

describe("the result", () => {
  it("of a run that found the prompt says so, with every figure in its favour", () => {
    const result = resultOf(done())!;
    assert.equal(result.title, "Exact: all 3 tokens");
    assert.ok(result.exact);
    assert.deepEqual(
      result.facts.flatMap(({ good }) => good ?? []),
      [true, true, true],
    );
    assert.equal(result.facts[0].note, "below the noise threshold (2) since iteration 4");
    assert.equal(
      result.facts[0].meaning,
      "d(O(e), O(e*)) = 0.909 in L1, of the embedding found. The noise threshold 2 is the median of " +
        "d(O(e* + N(0, 0.05)), O(e*)) over 3 draws.",
    );
    assert.match(result.text, /exact by iteration 10 and since \(shown every 5\)$/);
  });

  it("of a run that did not says how much was recovered, not that nothing is there", () => {
    const step = stepEvent(10, 1);
    const result = resultOf(pageWith(info({ kind: "completed" }), [startEvent(), step, endEvent([step])]))!;
    assert.equal(result.title, "1 of 3 tokens recovered");
    assert.equal(result.text, "at iteration 10");
    assert.deepEqual(
      result.facts.flatMap(({ good }) => good ?? []),
      [false, false, false],
    );
  });

  it("says at the end how wrong and how repetitive the decoding is", () => {
    const step = stepEvent(10, 1);
    const [result] = endEvent([step]).restarts;
    const measured = {
      hamming: { top1: 2 / 3, top5: 1 / 3 },
      repetition: { repeated: 0.2, distinct1: 0.84, distinct2: 1 },
    };
    const end = endEvent([step], { restarts: [{ ...result, ...measured }] });
    const facts = resultOf(pageWith(info({ kind: "completed" }), [startEvent(), step, end]))!.facts.slice(-2);
    assert.deepEqual(
      facts.map(({ label, value, note }) => [label, value, note]),
      [
        ["Token error rate", "67 %", "true token outside the top 5: 33 %"],
        ["Repeated tokens", "20 %", "the prompt’s own: 0 %; distinct-1 / distinct-2: 0.84 / 1"],
      ],
    );
    assert.ok(!resultOf(running([startEvent(), step]))!.facts.some(({ label }) => label === "Token error rate"));
  });

  it("says how the learning rate was found", () => {
    const rateSearch = { iterations: 60, rates: [0.001, 0.01, 0.1], outputDistances: [5, 2.5, null], chosen: 0.01 };
    const page = running([{ ...startEvent(), rateSearch }, stepEvent(0, 0)]);
    const fact = resultOf(page)!.facts.at(-1)!;
    assert.equal(fact.value, "0.01");
    assert.match(fact.note, /after 60 iterations at 0\.001: 5, 0\.01: 2\.5, 0\.1: diverged$/);
  });

  it("before the end is that of the newest iteration, with open questions left open", () => {
    const result = resultOf(running([startEvent(), stepEvent(0, 0), stepEvent(5, 2)]))!;
    assert.equal(result.title, "2 of 3 tokens recovered");
    assert.match(result.text, /now at iteration 5/);
    assert.match(result.facts[0].note, /by iteration 5/);
    assert.deepEqual(
      result.facts.slice(1).map(({ value }) => value),
      ["–", "–"],
    );
  });

  it("of a run that broke off keeps what was reached", () => {
    const error = { kind: "engine", message: "The engine process was killed." } as const;
    const result = resultOf(pageWith(info({ kind: "failed", error }), [startEvent(), stepEvent(0, 1)]))!;
    assert.match(result.text, /^at iteration 0$/);
    assert.match(result.facts[1].note, /ended early/);
  });

  it("is not there before the first iteration", () => {
    assert.equal(resultOf(running([startEvent()])), undefined);
    assert.equal(resultOf(emptyPage()), undefined);
  });

  it("of several restarts says which is shown, and how many are exact", () => {
    const of = spec({ restarts: 2 });
    const steps = [stepEvent(10, 1), stepEvent(10, 3, { restart: 1 })];
    const page = running([startEvent(of), ...steps, endEvent(steps)], { spec: of });
    assert.match(resultOf(page)!.text, /best of 2 restarts.* 1 of 2 restarts exact/);
  });

  it("of a walk has the ratio and the tokens that changed as its result", () => {
    const result = resultOf(walking());
    assert.equal(result?.title, "r = 2: the input moved 2 times as far as the output");
    assert.match(result?.text ?? "", /2 of 3 tokens changed/);
    assert.equal(result?.exact, false);
  });

  describe("of exact recovery", () => {
    const recovering = (count: number) => running(exactRun().slice(0, count), { spec: exactSpec() });

    it("tells apart what is proved, most likely and unknown, with its figures", () => {
      const page = pageWith(info({ kind: "completed" }, { spec: exactSpec() }), exactRun());
      const { title, exact, tokens, facts } = resultOf(page)!;
      assert.equal(title, "2 of 3 tokens recovered: 1 proved, 1 most likely, 1 unknown");
      assert.ok(!exact);
      assert.deepEqual(
        tokens?.map(({ mark }) => mark),
        ["proved", "likely", "unknown"],
      );
      assert.deepEqual(
        facts.map(({ label, value }) => [label, value]),
        [
          ["Largest distance", "0.5"],
          ["Smallest margin", "0.5"],
          ["Tokens tried", "36"],
          ["Token forwards", "30"],
          ["Time", "1.5 s"],
          ["Fit’s hit rate", "98 %"],
        ],
      );
    });

    it("says what protected states are still good for, once that is known", () => {
      const factsWith = (kl: number | null) => {
        const events = exactRun().map((event) => {
          if (event.type !== "end") return event;
          const utility = { agreement: 2 / 3, kl, agreements: [true, true, false], kls: [0, 0.1, kl] };
          return { ...event, restarts: event.restarts.map((restart) => ({ ...restart, utility })) };
        });
        const { facts } = resultOf(pageWith(info({ kind: "completed" }, { spec: exactSpec() }), events))!;
        return facts.filter(({ label }) => label === "Next tokens kept").map(({ value, note }) => [value, note]);
      };
      assert.deepEqual(factsWith(0.25), [["67 %", "by the rest of the network; KL divergence 0.25 nats"]]);
      assert.deepEqual(factsWith(null), [["67 %", "by the rest of the network; the protected states overflow"]]);
      assert.ok(!resultOf(recovering(3))!.facts.some(({ label }) => label === "Next tokens kept"));
    });

    it("shows the candidates of the position that was tried, also when that is settled", () => {
      const { text, work } = resultOf(recovering(3))!;
      assert.equal(text, "now at round 1");
      assert.equal(work?.title, "Position 2 of 3: 4 tokens tried, the nearest");
      assert.deepEqual(
        work?.candidates.map(({ text, figures }) => [text, figures]),
        [
          [" sky", "distance 0.25"],
          [" cloud", "distance 0.75, 0.5 farther"],
        ],
      );
      assert.equal(resultOf(recovering(2))!.work, undefined);
    });

    it("says beside it what a search of the same prompt found", () => {
      const page = pageWith(info({ kind: "completed" }, { spec: exactSpec() }), exactRun());
      const step = stepEvent(10, 1);
      const searched = pageWith(info({ kind: "completed" }, { id: "7" }), [startEvent(), step, endEvent([step])]);
      page.beside = [searched.run!];
      assert.equal(resultOf(page)!.text, "at round 2 · the search of run 7 found 1 of 3, the states determine 2");
    });
  });
});
