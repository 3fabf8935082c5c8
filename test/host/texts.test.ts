import assert from "node:assert/strict";
import type * as vscode from "vscode";
import { knownConfig } from "../../src/session/checkpoint-choices.ts";
import { depthChoices, settingChoices, outputChoices } from "../../src/session/run-choices.ts";
import { pageHtml } from "../../src/host/page-html.ts";
import { statusPhrase } from "../../src/session/phrases.ts";
import { selectedTexts, selectionOf } from "../../src/host/selection.ts";
import { exactSpec, spec } from "../support/run-events.ts";

describe("the questions before a run", () => {
  it("offer every depth of the chosen network", () => {
    const depths = depthChoices(knownConfig("random:gpt2")!);
    assert.deepEqual(
      depths.map(({ value }) => value),
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
    assert.equal(depths[11].description, "the whole network");
  });

  it("say how wide each output is", () => {
    const descriptions = outputChoices(knownConfig("random:gpt2")!).map(({ description }) => description);
    assert.match(descriptions[0]!, /^block · 768 /);
    assert.match(descriptions[3]!, /^head · 50257 /);
  });

  it("say what the original setup is", () => {
    const [, foundRate, source] = settingChoices({ optimizer: "gd" });
    assert.equal(foundRate.detail, "start matched, gradient descent, η found by trying, 200 iterations");
    assert.equal(
      source.detail,
      "start source, gradient descent, η 0.001, 2000 iterations, every token at position 0, output blockHead",
    );
  });

  it("leave what is wrong with a setting to the run", () => {
    assert.equal(settingChoices({ learningRate: 0 })[0].detail, "");
  });
});

describe("a selection", () => {
  /** Of these texts, the last one made first; `line` is that of the cursor. */
  const editor = (texts: readonly string[], line = "") => {
    const selections = texts
      .map((text, place) => ({
        isEmpty: text === "",
        text,
        start: { place, compareTo: (other: { place: number }) => place - other.place },
        active: { line: 0 },
      }))
      .toReversed();
    const document = { getText: ({ text }: { text: string }) => text, lineAt: () => ({ text: line }) };
    return { selections, selection: selections[0], document } as unknown as vscode.TextEditor;
  };

  it("is taken exactly as it is, but for the line break that a triple click takes along", () => {
    assert.deepEqual(selectedTexts(editor([" The sky "])), [" The sky "]);
    assert.deepEqual(selectedTexts(editor(["The sky\nis blue.\n"])), ["The sky\nis blue."]);
    assert.deepEqual(selectedTexts(editor(["The sky\r\n"])), ["The sky"]);
    assert.equal(selectionOf(editor(["The sky\n"])), "The sky");
    assert.equal(selectionOf(editor([""])), undefined);
  });

  it("of several parts is several texts, in the order of the document", () => {
    assert.deepEqual(selectedTexts(editor(["The sky", "", "Water"], "a line")), ["The sky", "Water"]);
  });

  it("that is missing is the line of the cursor", () => {
    assert.deepEqual(selectedTexts(editor([""], "  the line ")), ["the line"]);
  });

  it("that holds nothing to invert is answered with a sentence", () => {
    assert.throws(() => selectedTexts(undefined), { kind: "badInput", message: /^No text has the focus/ });
    assert.throws(() => selectedTexts(editor([""], " ")), { kind: "badInput", message: /^Nothing is selected/ });
    assert.throws(() => selectedTexts(editor([" \n\t"])), { kind: "badInput", message: /nothing but white space/ });
    assert.throws(() => selectedTexts(editor(["The sky", " "])), { kind: "badInput", message: /nothing but white/ });
  });
});

describe("short texts", () => {
  it("say in the status bar how far a run is", () => {
    const status = (phase: Parameters<typeof statusPhrase>[0]["phase"]) =>
      statusPhrase({ id: "1", spec: spec({ iterations: 200 }), phase, compared: [] }, { iteration: 120 });
    assert.equal(status({ kind: "running" }), "Iteration 120/200");
    assert.equal(
      status({ kind: "preparing", progress: { stage: "Writing random weights", done: 43, total: 100 } }),
      "Writing random weights 43 %",
    );
    assert.equal(status({ kind: "preparing" }), "Starting");
    assert.equal(status({ kind: "stopping" }), "Stopping");
    assert.equal(status({ kind: "pausing" }), "Pausing");
    assert.equal(status({ kind: "paused", since: 0 }), "Paused at 120/200");
    const proving = { id: "1", spec: exactSpec(), phase: { kind: "running" }, compared: [] } as const;
    assert.equal(statusPhrase(proving, { iteration: 3, position: 2, tokenIds: [1, 2, 3] }), "Recovering: 2/3 settled");
  });
});

describe("the page's HTML", () => {
  it("lets in its own script and style, and nothing that is written in the page", () => {
    const html = pageHtml({
      title: "Inversion Lab",
      cspSource: "https://x",
      script: "https://x/panel.js",
      style: "https://x/panel.css",
      nonce: "N",
      texts: { language: "de", bundle: { Stop: "</script>Halt" } },
    });
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1];
    assert.equal(
      policy,
      "default-src 'none'; style-src https://x 'nonce-N'; script-src 'nonce-N'; img-src data:; base-uri 'none'; form-action 'none'",
    );
    assert.doesNotMatch(html, /unsafe|style="|onclick|<script>/);
    assert.match(html, /<meta property="csp-nonce" content="N">/);
    assert.match(html, /<body data-title="Inversion Lab">/);
    assert.match(html, /<html lang="de">/);
    const bundle = /<script type="application\/json" id="l10n">(.*?)<\/script>/.exec(html)?.[1];
    assert.deepEqual(JSON.parse(bundle!), { Stop: "</script>Halt" });
  });
});
