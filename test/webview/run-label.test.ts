import assert from "node:assert/strict";
import { runLabel } from "../../webview/run-label.ts";
import { info } from "../support/pages.ts";
import { spec } from "../support/run-events.ts";

describe("a run in the list of runs", () => {
  it("fits into a line", () => {
    const label = runLabel(info({ kind: "completed" }, { spec: spec({ prompt: "word ".repeat(100) }) }));
    assert.ok(label.length < 80, label);
    assert.match(label, /^1 · word .*… · 1 block, block · done$/);
  });
});
