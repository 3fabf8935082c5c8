// Runs the tests of ./host with mocha inside a real extension host, and tells their results as its own.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import esbuild from "esbuild";
import { startServer, workspaceAddress } from "../../scripts/vscode-server.js";
import { RESULTS_VARIABLE, type HostTest } from "./host/results.ts";
import { WAIT_MS, until } from "./until.ts";
import { openBrowser, ROOT } from "./workbench.ts";

const SOURCES = path.join(ROOT, "test", "vscode", "host");
/** Inside the project, so that the tests find mocha. */
const BUNDLES = path.join(ROOT, ".cache", "host-tests");

describe("inside the extension host", () => {
  it("the extension behaves as a good guest", async () => {
    const tests = await runHostTests();
    for (const { title, error } of tests) {
      console.log(`      ${error === undefined ? "✔" : "✘"} ${title}${error ? `\n${error}` : ""}`);
    }
    assert.notEqual(tests.length, 0);
    assert.deepEqual(
      tests.filter(({ error }) => error !== undefined).map(({ title }) => title),
      [],
    );
  });
});

async function runHostTests(): Promise<HostTest[]> {
  await rm(BUNDLES, { recursive: true, force: true });
  await esbuild.build({
    entryPoints: readdirSync(SOURCES)
      .filter((name) => name.endsWith(".test.ts") || name === "index.ts")
      .map((name) => path.join(SOURCES, name)),
    outdir: BUNDLES,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["vscode", "mocha"],
  });
  const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-host-"));
  const workspace = path.join(folder, "workspace");
  const results = path.join(folder, "results.json");
  await mkdir(workspace);
  const server = await startServer({
    dataFolder: path.join(folder, "data"),
    extensionsFolder: path.join(folder, "extensions"),
    env: { [RESULTS_VARIABLE]: results },
  });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(WAIT_MS);
    // The workbench calls these when it runs tests.
    await page.exposeFunction("codeAutomationLog", () => undefined);
    await page.exposeFunction("codeAutomationExit", () => undefined);
    const testsModule = path.join(BUNDLES, "index.cjs");
    await page.goto(workspaceAddress(server, { folder: workspace, developmentFolder: ROOT, testsModule }));
    await until("the tests in the extension host are done", () => existsSync(results), 240_000);
    return JSON.parse(await readFile(results, "utf8")) as HostTest[];
  } finally {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
