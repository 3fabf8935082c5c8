// Programs that are killed at any moment: what they had told is kept, what they had finished is not done again, and nothing
// half-written is believed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readRun } from "../../src/records/read-record.ts";
import { type Choices, choices, count } from "../support/faults.ts";
import { CLI, run, start, told } from "../support/program.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";
import { withZombie } from "../support/zombie.ts";

describe("killed programs", function () {
  this.timeout(3_600_000);
  const newFolder = temporaryFolders();
  let cache: string;
  before(async function () {
    if (process.platform === "win32") this.skip();
    cache = await newFolder();
    // What every run needs is there.
    await run(["invert", "The sky", "--checkpoint", "mini", "--iterations", "1", "--cache", cache]);
  });

  const lines = (out: string): string[] => out.split("\n").slice(0, -1);

  /** Of a run that was killed: all that it had told is in its record, and it is known to be over. */
  async function checkRun(folder: string, out: string, how: string, what: string): Promise<void> {
    const shown = lines(out).map((line) => JSON.parse(line) as object);
    if (!existsSync(path.join(folder, "spec.json"))) return assert.equal(shown.length, 0, what);
    const { events, status } = await readRun(folder);
    assert.deepEqual(events.slice(0, shown.length), shown, what);
    const isOver = events.at(-1)?.type === "end";
    if (how === "SIGKILL") assert(status === "interrupted" || (isOver && status === "completed"), `${what}: ${status}`);
    else if (shown.length > 0) assert(isOver && ["cancelled", "completed"].includes(status), `${what}: ${status}`);
    else assert(["cancelled", "completed", "failed"].includes(status), `${what}: ${status}`);
  }

  const runs = count("runs", 100, 4);
  it(`lose nothing of a run that they had told: ${runs} kills`, async () => {
    for (let number = 0; number < runs; number++) {
      const its = choices("run", number);
      const folder = path.join(await newFolder(), "record");
      const how = its.pick(["SIGKILL", "SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const);
      const argv = ["invert", "The sky", "--checkpoint", "mini", "--iterations", "2000", "--every", "5", "--json"];
      const child = start([...argv, "--out", folder, "--cache", cache]);
      const ending = told(child);
      const before = its.below(60);
      if (its.share() < 0.3) await wait(its.below(500));
      else {
        let seen = 0;
        for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
          seen += chunk.toString().split("\n").length - 1;
          if (seen > before) break;
        }
      }
      child.kill(how);
      const { out } = await ending;
      await checkRun(folder, out, how, `${its.what}: ${how}`);
    }
  });

  const sweeps = count("sweeps", 60, 2);
  it(`repeat nothing of a sweep that was finished, and hold it not as zombies: ${sweeps} kills`, async function () {
    for (let number = 0; number < sweeps; number++) {
      const its = choices("sweep", number);
      const folder = await newFolder();
      const file = path.join(folder, "a.sweep.json");
      const base = { prompt: "The sky", checkpoint: "mini", iterations: 40 };
      await writeFile(file, JSON.stringify({ base, axes: { seed: [0, 1, 2, 3] } }));
      const argv = ["sweep", file, "--json", "--cache", cache];
      const out = path.join(folder, "out");
      const after = its.below(4);
      const kill = async (pid: number): Promise<void> => {
        // After so many lines, and a moment more.
        while ((await readFile(out, "utf8").catch(() => "")).split("\n").length - 1 < after) await wait(5);
        await wait(its.below(150));
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It was done already.
        }
      };
      const goOn = async (): Promise<void> => {
        const runsFolder = path.join(folder, "a.sweep", "runs");
        const times = new Map<string, string>();
        for (const name of await readdir(runsFolder).catch(() => [])) {
          const listed = await readRun(path.join(runsFolder, name)).catch(() => undefined);
          assert.notEqual(listed?.status, "running", its.what);
          if (listed?.status === "completed") times.set(name, listed.createdAt);
        }
        const again = await run(argv);
        assert.equal(again.code, 0, `${its.what}: ${again.err}`);
        const names = await readdir(runsFolder);
        assert.equal(names.length, 4, its.what);
        for (const name of names) {
          const { status, createdAt } = await readRun(path.join(runsFolder, name));
          assert.equal(status, "completed", its.what);
          assert.equal(times.get(name) ?? createdAt, createdAt, its.what);
        }
      };
      if (number % 2 === 1 && process.platform === "linux") {
        const quoted = [process.execPath, CLI, ...argv].map((word) => `'${word}'`).join(" ");
        await withZombie(goOn, `${quoted} > '${out}' 2> /dev/null`, kill);
      } else {
        const child = spawn("bash", ["-c", 'exec "$0" "$@" > "$OUT"', process.execPath, CLI, ...argv], {
          env: { ...process.env, OUT: out },
          stdio: "ignore",
        });
        const ended = once(child, "exit");
        await kill(child.pid!);
        await ended;
        await goOn();
      }
    }
  });

  /** All files below a folder that have their names; of temporary ones, none is believed. */
  async function filesIn(folder: string): Promise<Map<string, Buffer>> {
    const files = new Map<string, Buffer>();
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
      const file = path.join(entry.parentPath, entry.name);
      // The digests hold the file's times; audits too.
      const isOurs = !/\.tmp$|\.json$/.test(entry.name) || /index\.json$|config\.json$/.test(entry.name);
      if (entry.isFile() && isOurs) files.set(path.relative(folder, file), await readFile(file));
    }
    return files;
  }

  const WRITERS: Record<string, (folder: string) => readonly string[]> = {
    "random weights": (folder) => {
      const source = ["--checkpoint", "random:mini", "--blocks", "4", "--cache", path.join(folder, "cache")];
      return ["states", "a", ...source, "--out", path.join(folder, "states.safetensors")];
    },
    "weights in 8 bits, and a graph": (folder) => {
      const cacheOf = ["--cache", path.join(folder, "cache")];
      const what = ["--checkpoint", "mini", "--blocks", "4", "--length", "3", "--weights", "int8"];
      return ["graph", ...what, ...cacheOf, "--out", path.join(folder, "graph")];
    },
    "weights in 16 bits, and a graph": (folder) => {
      const cacheOf = ["--cache", path.join(folder, "cache")];
      // The trained one has 16 bits already.
      const what = ["--checkpoint", "random:mini", "--blocks", "4", "--length", "3", "--weights", "float16"];
      return ["graph", ...what, ...cacheOf, "--out", path.join(folder, "graph")];
    },
    "a checkpoint of one's own": (folder) => [
      ...["checkpoints", "create", "random:mini", "--out", path.join(folder, "mine")],
    ],
  };
  const writers = count("writers", 160, 4);
  it(`leave no half-written file under its name: ${writers} kills of writers`, async () => {
    const names = Object.keys(WRITERS);
    const right = new Map<string, { files: Map<string, Buffer>; ms: number }>();
    for (const name of names) {
      const folder = await newFolder();
      const began = performance.now();
      const { code, err } = await run(WRITERS[name](folder));
      assert.equal(code, 0, err);
      right.set(name, { files: await filesIn(folder), ms: performance.now() - began });
    }
    for (let number = 0; number < writers; number++) {
      const its: Choices = choices("writer", number);
      const name = names[number % names.length];
      const { files, ms } = right.get(name)!;
      const what = `${its.what}: ${name}`;
      const folder = await newFolder();
      const child = start(WRITERS[name](folder));
      const ending = told(child);
      await wait(ms * (0.2 + 0.8 * its.share()));
      child.kill("SIGKILL");
      await ending;
      const check = async (allowMissing: boolean): Promise<void> => {
        const found = await filesIn(folder);
        for (const [file, bytes] of found) assert(files.get(file)?.equals(bytes), `${what}: ${file} is not whole`);
        if (!allowMissing) assert.deepEqual([...found.keys()].sort(), [...files.keys()].sort(), what);
      };
      await check(true);
      // What says that it is there already is whole.
      for (const place of ["states.safetensors", "mine"])
        await rm(path.join(folder, place), { recursive: true, force: true });
      const again = await run(WRITERS[name](folder));
      assert.equal(again.code, 0, `${what}: ${again.err}`);
      await check(false);
      await rm(folder, { recursive: true });
    }
  });
});
