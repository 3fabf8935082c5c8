// The extension in a real extension host: what it registers, and what it costs until somebody uses it.

import assert from "node:assert/strict";
import * as vscode from "vscode";
import manifest from "../../../package.json" with { type: "json" };

describe("the extension", () => {
  const extension = vscode.extensions.getExtension(`${manifest.publisher}.${manifest.name}`);
  assert.ok(extension, "VS Code does not know the extension.");

  it("sleeps until one of its commands is used", () => {
    assert.equal(extension.isActive, false);
  });

  it("activates within 50 ms of processor time", async function () {
    await new Promise((resolve) => setTimeout(resolve, 2000)); // VS Code is still starting its own extensions
    const start = performance.now();
    const before = process.cpuUsage();
    await extension.activate();
    const { user, system } = process.cpuUsage(before); // microseconds, of the whole extension host
    const elapsed = performance.now() - start;
    const busy = (user + system) / 1000;
    if (this.test) this.test.title += `: ${busy.toFixed(0)} ms, ${elapsed.toFixed(0)} ms by the clock`;
    assert.equal(extension.isActive, true);
    assert.ok(busy <= 50);
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
