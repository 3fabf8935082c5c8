// Nothing that runs on a group outlives the process that holds it.

import assert from "node:assert/strict";
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { processes } from "../vscode/processes.ts";
import { until } from "../vscode/until.ts";

const PROCESS_GROUP = fileURLToPath(new URL("../../scripts/process-group.js", import.meta.url));
/** A program with a child that ignores polite requests; prints both process ids. */
const FAMILY = `
  const child = require("node:child_process").spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)"]);
  console.log(process.pid, child.pid);
  setInterval(() => {}, 1e6);`;

describe("a group", () => {
  let family: number[] = [];
  afterEach(() => family.filter(isAlive).forEach((pid) => process.kill(pid, "SIGKILL")));

  it("ends the program and its children when it is let go", async () => {
    const group = fork(PROCESS_GROUP, [process.execPath, "-e", FAMILY], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    family = await processIds(group);
    assert.deepEqual(family.map(isAlive), [true, true]);
    group.disconnect();
    await once(group, "exit");
    await until("both have ended", () => !family.some(isAlive));
  });

  it("ends them when its holder is killed", async () => {
    const holder = spawn(process.execPath, [
      "-e",
      `require("node:child_process").fork(${JSON.stringify(PROCESS_GROUP)}, [process.execPath, "-e", ${JSON.stringify(FAMILY)}])`,
    ]);
    family = await processIds(holder);
    holder.kill("SIGKILL");
    await until("both have ended", () => !family.some(isAlive));
  });

  it("ends the children when the program ends before them", async () => {
    const group = fork(PROCESS_GROUP, [process.execPath, "-e", FAMILY], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    family = await processIds(group);
    process.kill(family[0] ?? 0, "SIGKILL");
    await until("both have ended", () => !family.some(isAlive));
  });
});

async function processIds(process: ChildProcess): Promise<number[]> {
  const [line] = (await once(process.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return line.toString().trim().split(" ").map(Number);
}

function isAlive(pid: number): boolean {
  return processes().some((process) => process.pid === pid);
}
