import assert from "node:assert/strict";
import { bundleOf, keptBundle, sourceFiles } from "../../scripts/texts.js";

const bundle = (content: string): unknown => JSON.parse(bundleOf([{ name: "file.ts", content }]));

describe("the bundle of texts", () => {
  it("holds what the sources say: npm run texts renews it", () => {
    assert.equal(keptBundle(), bundleOf(sourceFiles()));
  });

  it("has every call of vscode.l10n.t, and of t where it is the translator's", () => {
    assert.deepEqual(bundle('vscode.l10n.t("B {0}", 1); vscode.l10n.t("A");'), { "A": "A", "B {0}": "B {0}" });
    assert.deepEqual(bundle('import { t } from "./l10n.ts"; t("one " + "two");'), { "one two": "one two" });
    assert.deepEqual(bundle('import { t } from "@vscode/l10n"; t("four");'), { four: "four" });
    assert.deepEqual(bundle('const t = String; t("five");'), {});
  });

  it("keeps comments for translators, in the key as VS Code looks them up", () => {
    assert.deepEqual(bundle('vscode.l10n.t({ message: "Run", args: [], comment: ["a verb"] })'), {
      "Run/a verb": { message: "Run", comment: ["a verb"] },
    });
  });

  it("is refused where a text is made up elsewhere", () => {
    assert.throws(() => bundle("\nvscode.l10n.t(`${name} ran`)"), {
      message: /^file\.ts:2: .* not `\$\{name\} ran`\.$/,
    });
  });
});
