// A lock holds between processes, and a holder that died does not hold it for ever.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "../../scripts/lock.js";
import { withZombie } from "../support/zombie.ts";

const LOCK_MODULE = fileURLToPath(new URL("../../scripts/lock.js", import.meta.url));

describe("a lock between processes", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-lock-"));
    file = path.join(folder, "new", "x.lock");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is let go after the work, and after work that failed", async () => {
    assert.equal(await withLock(file, () => 1), 1);
    await assert.rejects(
      withLock(file, () => Promise.reject(new Error("no"))),
      /no/,
    );
    assert.equal(existsSync(file), false);
  });

  it("lets one process at a time read and write a number", async () => {
    const counter = path.join(folder, "counter");
    await writeFile(counter, "0");
    const program = `
      import { readFileSync, writeFileSync } from "node:fs";
      import { setTimeout as sleep } from "node:timers/promises";
      import { withLock } from ${JSON.stringify(LOCK_MODULE)};
      for (let i = 0; i < 5; i++) await withLock(${JSON.stringify(file)}, async () => {
        const before = Number(readFileSync(${JSON.stringify(counter)}, "utf8"));
        await sleep(5);
        writeFileSync(${JSON.stringify(counter)}, String(before + 1));
      });`;
    const processes = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" }),
    );
    await Promise.all(processes.map((child) => once(child, "exit")));
    assert.equal(await readFile(counter, "utf8"), "20");
  });

  it("is taken over from a process that died with it", async () => {
    const program = `
      import { withLock } from ${JSON.stringify(LOCK_MODULE)};
      await withLock(${JSON.stringify(file)}, () => process.kill(process.pid, "SIGKILL"));`;
    await once(spawn(process.execPath, ["--input-type=module", "--eval", program]), "exit");
    assert.equal(existsSync(file), true);
    assert.equal(await withLock(file, () => "mine"), "mine");
  });

  it("is taken over from a zombie", async function () {
    if (process.platform !== "linux") this.skip();
    const program = `
      import { withLock } from ${JSON.stringify(LOCK_MODULE)};
      await withLock(${JSON.stringify(file)}, () => process.kill(process.pid, "SIGKILL"));`;
    await withZombie(async ({ pid }) => {
      assert.equal(await readFile(file, "utf8"), String(pid));
      assert.equal(await withLock(file, () => "mine"), "mine");
    }, `${process.execPath} --input-type=module --eval '${program}'`);
  });
});
