// The extension in a real extension host: what it registers, and what it leaves alone.

import assert from "node:assert/strict";
import * as vscode from "vscode";
import manifest from "../../../package.json" with { type: "json" };

describe("the extension", () => {
  const extension = vscode.extensions.getExtension(`${manifest.publisher}.${manifest.name}`);
  assert.ok(extension, "VS Code does not know the extension.");

  it("is activated when VS Code has started", async () => {
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it("has a handler for each command that its manifest offers", async () => {
    const offered = manifest.contributes.commands.map(({ command }) => command);
    const handled = new Set(await vscode.commands.getCommands(true));
    assert.notEqual(offered.length, 0);
    assert.deepEqual(
      offered.filter((command) => !handled.has(command)),
      [],
    );
  });

  it("has no keys that VS Code uses itself, but where a list of its own has the focus", async () => {
    const uri = vscode.Uri.parse("vscode://defaultsettings/keybindings.json");
    const text = (await vscode.workspace.openTextDocument(uri)).getText().replaceAll(/^\s*\/\/.*$/gm, "");
    const all = JSON.parse(text) as { key: string; command: string }[];
    const everywhere = manifest.contributes.keybindings.filter(({ when }) => !when.startsWith("focusedView == "));
    const ours = new Set(everywhere.map(({ key }) => key));
    const used = all.filter(({ key }) => ours.has(key)).map(({ key, command }) => `${key} ${command}`);
    assert.ok(used.length >= ours.size);
    assert.deepEqual(
      used.filter((each) => !each.includes(" inversionLab.")),
      [],
    );
  });

  it("loads no ONNX Runtime into the extension host", () => {
    assert.deepEqual(
      Object.keys(require.cache).filter((file) => file.includes("onnxruntime")),
      [],
    );
  });
});
