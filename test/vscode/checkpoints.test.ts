// How people come to a trained network in a real VS Code, with a hub on this machine: choose, download, stop, delete.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { GPT2Config } from "../../src/networks/architectures/gpt2.ts";
import { configJson, safetensorsBytes, TINY, weightValues } from "../support/checkpoint-folders.ts";
import { HubServer } from "../support/hub-server.ts";
import { repeatUntil, until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { shown } from "./workbench.ts";

const TOKEN = "hf_theTokenOfThisTest";
/** A download that is not over before it is let go, or stopped. */
const SLOW = { bytes: 500, pauseMs: 60 };
/** GPT-2's vocabulary in a network of two megabytes. */
const SMALL: GPT2Config = { ...TINY, vocabulary: 50257, positions: 16 };

describe("checkpoints in VS Code", () => {
  let hub: HubServer;
  let home: string;
  const files = {
    "config.json": Buffer.from(JSON.stringify(configJson(SMALL))),
    "model.safetensors": safetensorsBytes(weightValues(SMALL)),
  };
  const add = (name: string, commit: string, token?: string) =>
    hub.repositories.set(name, { commit: commit.repeat(40), files: new Map(Object.entries(files)), token });

  const the = useWorkbench(async () => {
    hub = await HubServer.start();
    add("owner/open", "a");
    add("owner/private", "b", TOKEN);
    add("owner/slow", "c");
    home = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-hf-"));
    return {
      settings: { "inversionLab.checkpoint": "random:mini", "inversionLab.iterations": 20 },
      lines: ["The sky is blue."],
      env: { HF_HOME: home, HF_ENDPOINT: hub.endpoint },
    };
  });
  after(async () => {
    await hub.stop();
    await rm(home, { recursive: true, force: true });
  });

  const statusItem = () => the.workbench.page.locator('.statusbar-item[id$="inversionLab.checkpoint"]');
  const chosen = (name: string) =>
    until(`the status bar shows ${name}`, async () => (await statusItem().innerText()).trim() === name);
  const quickInput = () => the.workbench.page.locator(".quick-input-widget");
  const notification = () => the.workbench.page.locator(".notification-list-item");
  const blobs = async (name: string): Promise<string[]> =>
    readdir(path.join(home, "hub", `models--${name.replace("/", "--")}`, "blobs")).catch(() => []);

  async function chooseFromHub(name: string): Promise<void> {
    await the.workbench.runCommand("Inversion Lab: Choose Checkpoint…");
    await the.workbench.fillQuickInput("another model");
    await the.workbench.pickFromQuickInput("Another model of the hub…");
    await shown(quickInput().getByText("its name, and after @", { exact: false }).first(), "the question for its name");
    await the.workbench.answerQuickInput(name);
  }
  /** What an earlier try has downloaded. */
  const forget = (name: string) =>
    rm(path.join(home, "hub", `models--${name.replace("/", "--")}`), { recursive: true, force: true });

  it("stay out of the status bar until the extension is in use", async () => {
    await shown(the.workbench.page.locator(".statusbar-item").first(), "the status bar");
    assert.equal(await statusItem().count(), 0);
  });

  it("are offered with size, state and what they need, and are written into the settings", async () => {
    await the.workbench.runCommand("Inversion Lab: Choose Checkpoint…");
    await shown(quickInput().getByText("openai-community/gpt2-medium").first(), "the hub's models");
    // The list is there before all that is in it is known.
    for (const part of [
      /4 blocks of width 128, 7 M parameters · 14 MB on disk/,
      /random:gpt2-xl/,
      /made when needed · up to 1.4 GB/,
      /random:mini/,
      /chosen/,
      /download 548 MB/,
    ]) {
      await until(`the list says ${part}`, async () => part.test(await quickInput().innerText()));
    }
    await the.workbench.screenshot("choose-checkpoint");
    await the.workbench.page.keyboard.press("Escape");
    await chosen("random:mini");
  });

  it("are downloaded with bytes and speed, and then inverted", async () => {
    await forget("owner/open");
    hub.pace = SLOW;
    await chooseFromHub("owner/open");
    await shown(notification().getByText(/[\d.]+ kB of 1\.6 MB, .*\/s/), "the download's progress");
    await the.workbench.screenshot("download");
    hub.pace = undefined;
    await chosen("owner/open");
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Invert Selection"));
    await the.panel.waitForState("Done");
    const condition = await (await the.panel.page()).locator(".condition").innerText();
    assert.match(condition, /owner\/open/);
  });

  it("that are not shown to everybody ask for a token, which no process has in its arguments", async () => {
    hub.pace = undefined;
    await chooseFromHub("owner/private");
    await the.workbench.waitForMessage(/does not show owner\/private/);
    await the.workbench.pressInMessage("Set Hugging Face Token…");
    await the.workbench.answerQuickInput(TOKEN);
    await the.workbench.waitForMessage(/token is kept/);
    await chooseFromHub("owner/private");
    await chosen("owner/private");
    assert.deepEqual(the.workbench.processes(TOKEN), []);
  });

  it("are stopped on the way, and say so in the list", async () => {
    await forget("owner/slow");
    hub.pace = SLOW;
    await chooseFromHub("owner/slow");
    const loading = notification().filter({ hasText: /[\d.]+ kB of 1\.6 MB/ });
    await shown(loading, "the download's progress");
    await loading.getByText("Cancel").click();
    await until("the download is over", async () => (await loading.count()) === 0);
    assert.ok((await blobs("owner/slow")).some((name) => name.endsWith(".incomplete")));
    await the.workbench.runCommand("Inversion Lab: Choose Checkpoint…");
    await the.workbench.fillQuickInput("owner/slow");
    await shown(quickInput().getByText(/download not finished · [\d.]+ kB are here/), "what is there of it");
    await the.workbench.page.keyboard.press("Escape");
    await chosen("owner/private");
  });

  it("are deleted after a question", async () => {
    await the.workbench.runCommand("Inversion Lab: Manage Checkpoints…");
    await shown(quickInput().getByText(/Checkpoints on this machine: \d/), "the space that they take");
    await shown(quickInput().getByText("owner/open"), "what was downloaded");
    await the.workbench.screenshot("manage-checkpoints");
    const dialog = the.workbench.page.locator(".monaco-dialog-box");
    await repeatUntil(
      "a question comes",
      (timeout) => quickInput().locator(".monaco-list-row", { hasText: "owner/slow" }).click({ timeout }),
      () => dialog.getByText("Delete the weights of owner/slow?").isVisible(),
    );
    await the.workbench.screenshot("delete-checkpoint");
    await dialog.getByText("Delete", { exact: true }).click();
    await until("its bytes are gone", async () => (await blobs("owner/slow")).length === 0);
    await shown(quickInput().getByText("owner/open"), "the others");
    await until("it is not listed any more", async () => (await quickInput().getByText("owner/slow").count()) === 0);
    await the.workbench.page.keyboard.press("Escape");
    assert.equal((await blobs("owner/open")).length, 2);
  });

  itWasQuiet(the);
});
