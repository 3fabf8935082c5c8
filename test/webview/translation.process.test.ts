// With a translation of every text, no English of the page's own is left in what it shows.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import path from "node:path";
import { keptBundle } from "../../scripts/texts.js";

/** Texts that are put together before anything is asked are translated only where the bundle is there first. */
const PROGRAM = `
import { config } from "@vscode/l10n";
// The page's bundle may be there later than what all fronts share.
const { plural } = await import("./src/common/counts.ts");
const { metricName, reducedPrecisionName } = await import("./src/describe/run-condition.ts");
const { stateName } = await import("./src/describe/run-state.ts");
const { sweepStateName } = await import("./src/describe/sweep-state.ts");
const bundle = JSON.parse(process.argv[1]);
config({ contents: bundle });
const { emptyPage, receive } = await import("./webview/page-model.ts");
const { resultOf } = await import("./webview/result-model.ts");
const { stateOf, placeholderOf, announcementOf } = await import("./webview/state-words.ts");
const { runFigures, describeFigure } = await import("./webview/figures.ts");
const { groupsOf } = await import("./webview/form-fields.ts");
const { METHODS } = await import("./src/describe/methods.ts");
const { spec, startEvent, stepEvent, wholeRun } = await import("./test/support/run-events.ts");
const { specSchema } = await import("./src/experiments/spec.ts");
const { COMMON_FIELDS } = await import("./src/experiments/common-fields.ts");
const shown = [];
const kinds = ["waiting", "preparing", "running", "pausing", "stopping", "completed", "cancelled", "interrupted"];
shown.push(...kinds.map(stateName), ...["idle", "failed"].map(sweepStateName));
shown.push(plural(1, "channel"), plural(2, "channel"), metricName("cosine"), reducedPrecisionName("int8"));
for (const kind of kinds) {
  for (const events of [[], [startEvent(), stepEvent(5, 1)], wholeRun()]) {
    const page = emptyPage();
    const info = { id: "1", spec: spec(), phase: { kind }, compared: [], startedAt: 0 };
    receive(page, { type: "show", runs: [info], shown: { id: "1", events }, beside: [] });
    shown.push(stateOf(page.run, 0).title, stateOf(page.run, 0).text, announcementOf(page));
    shown.push(...Object.values(placeholderOf(page) ?? {}));
    const result = resultOf(page);
    if (result) shown.push(result.title, result.text, ...result.facts.flatMap(({ label, note }) => [label, note]));
    for (const figure of runFigures(page)) shown.push(describeFigure(figure), figure.name);
  }
}
shown.push(...Object.values(placeholderOf(emptyPage())), ...METHODS.map(({ describe }) => describe.title()));
shown.push(...groupsOf(specSchema(), Object.keys(COMMON_FIELDS)).map(({ name }) => name));
console.log(JSON.stringify(shown));
`;

describe("a translated page", () => {
  it("has no word of English of its own", async () => {
    const bundle = JSON.parse(keptBundle()) as Record<string, string>;
    // Whatever is translated stands in brackets, and only what is put into a text does not.
    const pseudo = Object.fromEntries(
      Object.keys(bundle).map((text) => [text, `«${(text.match(/\{\d\}/g) ?? []).join(" ")}»`]),
    );
    const root = path.join(import.meta.dirname, "..", "..");
    const program = ["--import=tsx/esm", "--input-type=module", "--eval", PROGRAM, JSON.stringify(pseudo)];
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
    const shown = JSON.parse(stdout) as string[];
    assert.ok(shown.length > 100);
    // Left are figures, and the prompt's own tokens.
    const english = shown.filter((text) => /[A-Za-z]{3,}/.test(text.replaceAll(/The|·?sky|wrong/g, "")));
    assert.deepEqual(english, []);
    assert.ok(
      shown.every((text) => text === "" || text.includes("«")),
      "everything passed through the translator",
    );
  });
});
