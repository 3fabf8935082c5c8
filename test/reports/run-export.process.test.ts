// A record's events in another program.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { RunRecord } from "../../src/records/record.ts";
import { endEvent, spec, startEvent, stepEvent } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("events.jsonl", () => {
  const newFolder = temporaryFolders();

  it("is read by the README's three lines of pandas", async function () {
    if (spawnSync("python3", ["-c", "import pandas"]).status !== 0) this.skip();
    this.timeout(60_000);
    const record = await RunRecord.createIn(await newFolder(), spec());
    const last = stepEvent(5, 3);
    for (const event of [startEvent(), stepEvent(0, 0), last, endEvent([last])]) await record.append(event);
    await record.end();
    const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
    const lines = /```python\n(import pandas[\s\S]*?)```/.exec(readme)![1].replace("RUN/", `${record.folder}/`);
    const { stdout, stderr } = spawnSync("python3", ["-c", `${lines}\nprint(len(steps), steps.text.iloc[-1])`], {
      encoding: "utf8",
    });
    assert.equal(stdout.trim(), "2 The sky.", stderr);
  });
});
