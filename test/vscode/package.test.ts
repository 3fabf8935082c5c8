// The package that people install: what is in it, and that it works by itself, away from the project's folder.

import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { packageExtension } from "../../scripts/package.js";
import { installVsix } from "../../scripts/vscode-server.js";
import { Panel } from "./panel.ts";
import { Workbench } from "./workbench.ts";

/** The bundled weights; every start point tried has come back so. */
const TRAINED = {
  "inversionLab.checkpoint": "mini",
  "inversionLab.decoder": "nearest",
  "inversionLab.learningRate": 0.03,
};

describe("the package for this platform", () => {
  let folder: string;
  let vsix: string;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-package-"));
    vsix = path.join(folder, "extension.vsix");
    await packageExtension(`${process.platform}-${process.arch}`, vsix);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("is at most 40 MB", async function () {
    const { size } = await stat(vsix);
    if (this.test) this.test.title += `: ${(size / 1e6).toFixed(1)} MB`;
    assert.ok(size <= 40e6); // 25 MB, and 15 MB of trained weights, which do not compress
  });

  it("holds what runs and nothing else", async () => {
    const extensionsFolder = path.join(folder, "extensions");
    await installVsix({ vsix, dataFolder: path.join(folder, "data"), extensionsFolder });
    const [installed] = readdirSync(extensionsFolder).filter((name) => name.startsWith("inversion-lab."));
    assert.ok(installed, "It was not installed.");
    const files = readdirSync(path.join(extensionsFolder, installed), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(path.join(extensionsFolder, installed), path.join(entry.parentPath, entry.name)));
    assert.deepEqual(kindsOf(files), [
      ".vsixmanifest",
      "LICENSE.txt",
      "changelog.md",
      "dist/ThirdPartyNotices.txt",
      "dist/cli.cjs",
      "dist/device-trial.cjs",
      "dist/download-worker.cjs",
      "dist/engine.cjs",
      "dist/extension.cjs",
      "dist/tokenizer.cjs",
      "dist/undici.cjs",
      "dist/webview/panel.css",
      "dist/webview/panel.js",
      "dist/webview/sweeps.css",
      "dist/webview/sweeps.js",
      "dist/weights-worker.cjs",
      "l10n/bundle.l10n.json",
      "media/*.png",
      "media/*.svg",
      "models/mini/README.md",
      "models/mini/config.json",
      "models/mini/model.safetensors",
      "node_modules/onnxruntime-common/dist/cjs/*.js",
      "node_modules/onnxruntime-common/dist/cjs/package.json",
      "node_modules/onnxruntime-common/package.json",
      `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/*`,
      "node_modules/onnxruntime-node/dist/*.js",
      "node_modules/onnxruntime-node/package.json",
      "package.json",
      "package.nls.json",
      "readme.md",
      "schemas/inversion.schema.json",
      "schemas/sweep.schema.json",
    ]);
  });

  it("inverts a selection", async function () {
    const workbench = await Workbench.open({ vsix, settings: TRAINED });
    try {
      await workbench.selectLine(1);
      const panel = new Panel(workbench);
      await panel.newRun(() => workbench.pickFromContextMenu("Invert Selection"));
      await panel.waitForState("Done");
      assert.equal(await panel.verdict(), "✓ Exact: all 5 tokens");
      assert.deepEqual(workbench.problems, []);
    } catch (error) {
      await workbench.failureScreenshot(this.test?.fullTitle() ?? "");
      throw error;
    } finally {
      await workbench.close();
    }
  });
});

/** Files by name, those of a kind in a folder of many as one. */
function kindsOf(files: string[]): string[] {
  const many = /^(media\/\*\.\w+|node_modules\/onnxruntime-(common\/dist\/cjs|node\/dist)\/\*\.js)$/;
  const kinds = files.map((file) => {
    if (file.startsWith("node_modules/onnxruntime-node/bin/")) return `${path.dirname(file)}/*`;
    const kind = `${path.dirname(file)}/*${path.extname(file)}`;
    return many.test(kind) ? kind : file;
  });
  return [...new Set(kinds)].sort();
}
