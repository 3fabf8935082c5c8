// A record whose disk is full.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { readRun } from "../../src/records/read-record.ts";
import { spec, stepEvent } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("records", () => {
  const newFolder = temporaryFolders();

  it("end early but whole when the disk takes no more, and say so every time", async function () {
    if (process.platform === "win32") this.skip(); // There is no limit to set.
    this.timeout(20_000);
    const folder = await newFolder();
    // A limit on the size of files stands for the full disk: it also takes the beginning of a line and refuses the rest.
    const program = `
      import { RunRecord } from ${JSON.stringify(new URL("../../src/records/record.ts", import.meta.url))};
      const record = await RunRecord.createIn(${JSON.stringify(folder)}, ${JSON.stringify(spec())});
      const refused = [];
      for (let n = 0; n < 100; n++) {
        const event = { ...${JSON.stringify(stepEvent(0, 0))}, iteration: n, text: "x".repeat((n % 7) * 100) };
        await record.append(event).catch((error) => refused.push(error));
      }
      await record.end();
      console.log(JSON.stringify(refused.map(({ kind, message }) => kind + ": " + message)));`;
    const child = spawn(
      "bash",
      ["-c", 'ulimit -f 10; exec "$0" --import=tsx --input-type=module -e "$1"', process.execPath, program],
      // tsx would write its cache under the same limit.
      { env: { ...process.env, TSX_DISABLE_CACHE: "1" }, stdio: ["ignore", "pipe", "inherit"] },
    );
    const refused = JSON.parse(await text(child.stdout)) as string[];
    const { events, status } = await readRun(folder);
    assert.ok(events.length > 10 && refused.length > 10);
    assert.equal(events.length + refused.length, 100);
    events.forEach((event, n) => assert.equal(event.type === "step" && event.iteration, n, "no gaps"));
    assert.equal(new Set(refused).size, 1);
    assert.ok(refused[0].startsWith("storage: ") && refused[0].includes(folder), refused[0]);
    assert.equal(status, "interrupted");
    const file = await readFile(path.join(folder, "events.jsonl"), "utf8");
    assert.ok(file.endsWith("\n"), "no torn line");
  });
});
