// Many runs through one engine, some of them cancelled: its memory and its open files stay level.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { EngineClient } from "../../src/engine/client.ts";
import type { RunEvent } from "../../src/experiments/events.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { ensureBuilt, root } from "../../scripts/ready.js";
import { TEST_CACHE } from "../support/folders.ts";
import { choices, count } from "../support/faults.ts";

/** Runs after which everything that is opened once is open. */
const WARM = 40;
/** Megabytes of the process's own memory that the garbage collector may leave at one time and not at another. */
const SWING_MB = 80;

describe("an engine", function () {
  this.timeout(3_600_000);
  const runs = count("engineRuns", 1000, 80);
  it(`keeps its memory and its files level: ${runs} runs, cancelled now and then`, async function () {
    if (process.platform !== "linux") this.skip();
    await ensureBuilt();
    const before = await children();
    const engine = new EngineClient({ modulePath: path.join(root, "dist/engine.cjs"), cacheFolder: TEST_CACHE });
    try {
      let warm: Usage | undefined;
      let ended = 0;
      for (let number = 0; number < runs; number++) {
        const its = choices("engineRuns", number);
        const stop = new AbortController();
        const isStopped = its.share() < 0.2;
        const method = its.pick(["inversion", "exact", "clampedWalk"]);
        const request = { method, prompt: its.pick(["The sky is blue.", "So it goes."]), blocks: 1 + its.below(2) };
        const spec = parseSpec({ ...request, checkpoint: "mini", device: "cpu", iterations: 20, every: 5 });
        const events: RunEvent[] = [];
        try {
          for await (const event of engine.run(spec, { signal: stop.signal })) {
            events.push(event);
            if (isStopped && events.length > its.below(4)) stop.abort();
          }
        } catch (error) {
          if (!isStopped) throw error;
        }
        const end = events.at(-1);
        assert.ok(isStopped || end?.type === "end", its.what);
        ended += Number(end?.type === "end");
        const pid = (await children()).find((child) => !before.includes(child))!;
        if (number === WARM - 1) warm = await usage(pid);
        if (number === runs - 1) {
          const last = await usage(pid);
          assert.ok(last.files <= warm!.files + 2, `${warm!.files} files, then ${last.files}`);
          assert.ok(last.megabytes <= warm!.megabytes + SWING_MB, `${warm!.megabytes} MB, then ${last.megabytes}`);
        }
      }
      assert.ok(ended > runs / 2);
    } finally {
      await engine.dispose();
    }
  });
});

interface Usage {
  readonly files: number;
  /** Of its own, mapped files left out. */
  readonly megabytes: number;
}

async function usage(pid: string): Promise<Usage> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const files = (await readdir(`/proc/${pid}/fd`)).length;
  return { files, megabytes: Math.round(Number(/RssAnon:\s+(\d+)/.exec(status)![1]) / 1024) };
}

/** Processes that this one has started. */
const children = async (): Promise<string[]> =>
  (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8")).split(" ").filter(Boolean);
