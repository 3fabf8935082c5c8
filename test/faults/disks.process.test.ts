// Disks that take a part of what is written, or none of it: what has a name is whole, and what could not be written is told
// in one sentence.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import { open, readdir, readFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { openFullyConnected } from "../../src/checkpoints/generated/fully-connected-weights.ts";
import { quantise } from "../../src/checkpoints/generated/reduced-precision.ts";
import { createCheckpoint, openCheckpoint } from "../../src/checkpoints/open.ts";
import { readSafetensorsHeader, writeSafetensors } from "../../src/checkpoints/safetensors.ts";
import { writeNew, writeWhole } from "../../src/common/files.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { readRun } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { exportGraph } from "../../src/runtime/graph-export.ts";
import { type Choices, choices, count } from "../support/faults.ts";
import { TINY_GPT2 } from "../support/folders.ts";
import { CLI, told } from "../support/program.ts";
import { spec, wholeRun } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** What is written, each into a folder of its own. */
const WRITES: Record<string, (folder: string) => Promise<unknown>> = {
  "random weights": (cacheFolder) => openCheckpoint("random:mini", { blocks: 1 }, { cacheFolder, initSeed: 0 }),
  "a checkpoint of one's own": (folder) => createCheckpoint("random:mini?n_layer=1", 0, folder, {}),
  "a fully connected net": (folder) => openFullyConnected({ kind: "invertible", length: 3, width: 64 }, 0, folder, {}),
  "weights in 8 bits": (folder) => reduced(folder, "int8"),
  "weights in 16 bits": (folder) => reduced(folder, "float16"),
  "a graph": async (folder) => {
    const checkpoint = await openCheckpoint(TINY_GPT2, { blocks: 1 }, { cacheFolder: folder, initSeed: 0 });
    const network = { kind: "transformer", config: checkpoint.config, blocks: 1, output: "block" } as const;
    const shape = { network, batch: 1, length: 2, type: "float32", measure: wholeOutput("l1") } as const;
    return exportGraph(checkpoint, shape, folder);
  },
  "a record": async (folder) => {
    const record = await RunRecord.createIn(path.join(folder, "record"), spec(), { now: () => new Date(0) });
    for (const event of wholeRun()) await record.append(event);
    await record.end();
  },
  "states": (folder) =>
    writeSafetensors(
      path.join(folder, "a.safetensors"),
      [{ name: "a", type: "F32", shape: [1000], values: Float32Array.from({ length: 1000 }, (_, i) => i) }],
      {},
    ),
  "a table and a new file": async (folder) => {
    await writeWhole(path.join(folder, "a.csv"), "a,b\n1,2\n".repeat(100));
    await writeNew(path.join(folder, "b.json"), "[1,2,3]".repeat(100));
  },
};

async function reduced(cacheFolder: string, format: "int8" | "float16"): Promise<unknown> {
  const checkpoint = await openCheckpoint(TINY_GPT2, { blocks: 1 }, { cacheFolder, initSeed: 0 });
  return quantise(checkpoint, 1, format, { cacheFolder });
}

/** While `work` goes on, no write takes more than `take` says of it; told how many were cut short. */
async function withShortWrites(take: (length: number) => number, work: () => Promise<unknown>): Promise<number> {
  const probe = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(probe) as Record<"write", (...args: unknown[]) => Promise<unknown>>;
  await probe.close();
  const { write } = prototype;
  const { writeSync } = fs;
  let cut = 0;
  const taken = (length: number): number => {
    const some = Math.max(1, Math.min(length, take(length)));
    if (some < length) cut++;
    return some;
  };
  prototype.write = function (this: unknown, bytes: unknown, offset: unknown, length: unknown, position: unknown) {
    return write.call(this, bytes, offset, taken(length as number), position);
  };
  fs.writeSync = ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) =>
    writeSync(fd, bytes, offset, taken(length), position)) as typeof fs.writeSync;
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    prototype.write = write;
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
  return cut;
}

/** By path below the folder; what holds times is left out. */
async function contents(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file);
    if (entry.isFile() && !/^(digests|audits)/.test(name)) files.set(name, (await readFile(file)).toString("base64"));
  }
  return files;
}

describe("disks", function () {
  this.timeout(1_200_000);
  const newFolder = temporaryFolders();

  const KINDS: Record<string, (its: Choices) => (length: number) => number> = {
    "half of each write": () => (length) => length >> 1,
    "any part of some writes": (its) => (length) => (its.share() < 0.5 ? 1 + its.below(length) : length),
  };
  const shortWrites = count("shortWrites", 18, 18);
  const kinds = Object.keys(KINDS).flatMap((kind) => Object.keys(WRITES).map((name) => [kind, name] as const));
  kinds.slice(0, shortWrites).forEach(([kind, name], number) =>
    it(`that take ${kind} leave ${name} whole`, async () => {
      const [right, cut] = [await newFolder(), await newFolder()];
      await WRITES[name](right);
      const short = await withShortWrites(KINDS[kind](choices("short write", number)), () => WRITES[name](cut));
      assert(short > 0);
      const [expected, found] = [await contents(right), await contents(cut)];
      assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
      for (const [file, bytes] of expected) if (!file.endsWith("spec.json")) assert.equal(found.get(file), bytes, file);
    }),
  );

  it("that take a part of the last line of an output make the program fail", async function () {
    if (process.platform === "win32") this.skip();
    const folder = await newFolder();
    const record = await RunRecord.createIn(path.join(folder, "record"), spec());
    for (const event of wholeRun()) await record.append(event);
    await record.end();
    const argv = ["-c", 'ulimit -f 1; exec "$0" "$@" > "$OUT"', process.execPath, CLI, "export", record.folder];
    const child = spawn("bash", [...argv, "--format", "json"], {
      env: { ...process.env, OUT: path.join(folder, "out") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, err } = await told(child);
    assert.equal(code, 3);
    assert.match(err, /^The output could not be written: [^\n]+\n$/);
  });

  /** Calls `use` with a folder on a disk of so many kilobytes. */
  async function withTightDisk(kilobytes: number, use: (disk: string) => Promise<void>): Promise<void> {
    const disk = await newFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", disk], { stdio: "ignore" });
    try {
      await use(disk);
    } finally {
      execFileSync("umount", ["-l", disk]);
    }
  }

  const disks = count("disks", 24, 2);
  it(`that are tight leave only what is whole, and a sentence: ${disks} of them (root only)`, async function () {
    const isPossible = await withTightDisk(100, async () => undefined).then(
      () => true,
      () => false,
    );
    if (!isPossible) this.skip();
    const cache = await newFolder();
    const commands: ((disk: string) => readonly string[])[] = [
      (disk) => [
        "invert",
        "The sky",
        "--checkpoint",
        "mini",
        "--iterations",
        "100",
        "--every",
        "1",
        "--json",
        "--out",
        `${disk}/a`,
        "--cache",
        cache,
      ],
      (disk) => [
        "invert",
        "The sky",
        "--checkpoint",
        "random:mini",
        "--iterations",
        "20",
        "--json",
        "--cache",
        `${disk}/c`,
      ],
      (disk) => [
        "graph",
        "--checkpoint",
        "mini",
        "--blocks",
        "2",
        "--length",
        "3",
        "--out",
        `${disk}/g`,
        "--cache",
        cache,
      ],
      (disk) => [
        "states",
        "The sky",
        "--checkpoint",
        "mini",
        "--blocks",
        "all",
        "--out",
        `${disk}/s.safetensors`,
        "--cache",
        cache,
      ],
      (disk) => ["checkpoints", "create", "random:mini", "--out", `${disk}/m`],
      (disk) => [
        "invert",
        "The sky",
        "--checkpoint",
        "mini",
        "--weights",
        "int8",
        "--iterations",
        "20",
        "--json",
        "--cache",
        `${disk}/c`,
      ],
    ];
    let full = 0;
    for (let number = 0; number < disks; number++) {
      const its = choices("disk", number);
      const command = commands[number % commands.length];
      // From less than the first file to about all of them.
      const kilobytes = Math.round(4 * 2 ** (its.share() * (number % commands.length === 0 ? 6 : 12)));
      await withTightDisk(kilobytes, async (disk) => {
        const what = `${its.what}: ${command(disk).join(" ")} on ${kilobytes} kB`;
        const child = spawn(process.execPath, [CLI, ...command(disk)], { stdio: ["ignore", "pipe", "pipe"] });
        const { code, err } = await told(child);
        if (code !== 0) full++;
        assert([0, 2, 3].includes(code!), `${what}: ${code}`);
        assert.doesNotMatch(err, /^ +at |\bundefined\b|TypeError/m, what);
        // The last line says why; those before are stages.
        if (code !== 0)
          assert.match(err.trimEnd().split("\n").at(-1)!, /full|needs .* free|ENOSPC|cannot be/, `${what}: ${err}`);
        for (const entry of await readdir(disk, { recursive: true, withFileTypes: true })) {
          const file = path.join(entry.parentPath, entry.name);
          if (entry.name.endsWith(".safetensors")) await readSafetensorsHeader(file);
          assert.doesNotMatch(entry.name, /\.tmp$/, what);
        }
        const names = await readdir(`${disk}/g`).catch((): string[] => []);
        if (names.includes("network.onnx")) assert(names.includes("network.onnx.data"), what);
        if ((await readdir(`${disk}/a`).catch((): string[] => [])).includes("spec.json")) await readRun(`${disk}/a`);
      });
    }
    if (disks >= 12) assert(full > 0 && full < disks, `${full} of ${disks} were full`);
  });
});
