// Records with anything in any place: every call opens them or refuses them in one sentence.

import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { choices, count, mutated, torn } from "../support/faults.ts";
import { CALLS, copiedRecord, FILES, refusals } from "../support/hostile-records.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const NAMES = ["inversion", "orthogonal-walk", "clamped-walk"];

describe("broken records", function () {
  this.timeout(600_000);
  const newFolder = temporaryFolders();

  const records = count("records", 2500, 100);
  it(`open or are refused in a sentence by each of ${Object.keys(CALLS).length} calls: ${records} of them`, async () => {
    let refused = 0;
    const parent = await newFolder();
    for (let number = 0; number < records; number++) {
      const its = choices("record", number);
      const folder = await copiedRecord(its.pick(NAMES), parent);
      const name = its.pick(FILES);
      const file = path.join(folder, name);
      const bytes = await readFile(file);
      if (its.share() < 0.2) await writeFile(file, torn(bytes.subarray(0, 1 << 16), its));
      else {
        const lines = bytes
          .toString()
          .trimEnd()
          .split(name === "events.jsonl" ? "\n" : /(?!)/);
        const index = its.below(lines.length);
        lines[index] = JSON.stringify(mutated(JSON.parse(lines[index]), its));
        await writeFile(file, `${lines.join("\n")}\n`);
      }
      if ((await refusals(folder, its.what)) > 0) refused++;
      assert.deepEqual(Object.keys(Array.prototype), [], its.what);
      await rm(folder, { recursive: true });
    }
    assert(refused > records / 10 && refused < records, `${refused} of ${records} refused`);
  });
});
