// A record that somebody else has written: whatever it holds, it opens or is refused in one sentence, and changes nothing
// beyond itself.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { LabError } from "../../src/common/errors.ts";
import { randomStream } from "../../src/common/random.ts";
import { METHODS } from "../../src/experiments/methods/table.ts";
import { followRun } from "../../src/records/follow-record.ts";
import { readEnd, readListing, readRun, readStart } from "../../src/records/read-record.ts";
import { DECODED_FORMS, decodedText } from "../../src/reports/decoded-text.ts";
import { EXPORT_FORMATS, exportRuns } from "../../src/reports/run-export.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const FIXTURES = path.join(import.meta.dirname, "../fixtures/0.1");
const FILES = ["spec.json", "events.jsonl", "summary.json"] as const;

async function follow(folder: string): Promise<void> {
  const stop = new AbortController();
  for await (const { ended } of followRun(folder, stop.signal)) if (ended) stop.abort();
}

const CALLS: Readonly<Record<string, (folder: string) => Promise<unknown>>> = {
  readListing,
  readStart,
  readEnd,
  follow,
  readRun,
  ...Object.fromEntries(
    EXPORT_FORMATS.map((format) => [format, async (folder: string) => exportRuns([await readRun(folder)], format)]),
  ),
  ...Object.fromEntries(
    DECODED_FORMS.map((form) => [
      `decoded ${form}`,
      async (folder: string) => {
        const run = await readRun(folder);
        return decodedText({ ...run, status: run.status }, form);
      },
    ]),
  ),
};

/** Resolves to how many of the calls refused the record. */
async function refusals(folder: string, what: string): Promise<number> {
  let refused = 0;
  for (const [name, call] of Object.entries(CALLS)) {
    try {
      await call(folder);
    } catch (error) {
      assert(error instanceof LabError && error.kind === "storage", `${name} of ${what}: ${String(error)}`);
      assert.match(error.message, /^[^\n]+\.$/, `${name} of ${what}`);
      refused++;
    }
  }
  return refused;
}

/** All places of a value, each a path. */
function* places(value: unknown, at: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [...at, key];
    yield* places(inner, [...at, key]);
  }
}

type Json = Record<string, unknown>;

const VALUES = [null, -1, 1.5, 1e308, 2 ** 53, "__proto__", "constructor", "", "\u0000<b>\u202e", [], {}, [[]], true];

describe("a record of somebody else", () => {
  const newFolder = temporaryFolders();

  async function copied(name: string): Promise<string> {
    const folder = path.join(await newFolder(), "record");
    await cp(path.join(FIXTURES, name), folder, { recursive: true });
    return folder;
  }

  async function withLine(folder: string, index: number, change: (event: Json) => string): Promise<void> {
    const file = path.join(folder, "events.jsonl");
    const lines = (await readFile(file, "utf8")).split("\n");
    lines[index] = change(JSON.parse(lines[index]) as Json);
    await writeFile(file, lines.join("\n"));
  }

  for (const restart of ["__proto__", "constructor", -1, 0.5, 64, 4294967294, null, [0]])
    it(`is refused where a restart is ${JSON.stringify(restart)}, and no prototype is touched`, async () => {
      const folder = await copied("inversion");
      await withLine(folder, 2, (event) => JSON.stringify({ ...event, restart }));
      const before = Object.getOwnPropertyNames(Array.prototype).length;
      await assert.rejects(readRun(folder), /Line 3 of .*events\.jsonl is damaged at restart: /);
      await assert.rejects(follow(folder), /events\.jsonl is damaged at restart: /);
      assert.equal(Object.getOwnPropertyNames(Array.prototype).length, before);
      assert.deepEqual(Object.keys(Array.prototype), []);
      assert.equal([].length, 0);
      assert.equal(Array.prototype.length, 0);
    });

  it("opens with fields that no version knows yet, and gives them back", async () => {
    const folder = await copied("orthogonal-walk");
    await withLine(folder, 1, (event) => JSON.stringify({ ...event, candidates: [1, { a: 2 }] }));
    const { events } = await readRun(folder);
    assert.deepEqual((events[1] as unknown as Json).candidates, [1, { a: 2 }]);
  });

  it("has what a method measures as numbers", async () => {
    const [{ name }] = METHODS.flatMap(({ series }) => series).filter(({ perToken }) => perToken);
    const folder = await copied("orthogonal-walk");
    await withLine(folder, 2, (event) => {
      const [point] = event.walked as Json[];
      return JSON.stringify({ ...event, walked: [{ ...point, [name]: { join: 1 } }] });
    });
    await assert.rejects(readRun(folder), new RegExp(`damaged at walked\\.0\\.${name}`));
  });

  it("may begin with a byte order mark", async () => {
    const folder = await copied("inversion");
    for (const name of FILES) {
      const file = path.join(folder, name);
      await writeFile(file, `\ufeff${await readFile(file, "utf8")}`);
    }
    assert.equal(await refusals(folder, "marked files"), 0);
  });

  for (const name of FILES)
    it(`is refused before it is read where its ${name} is a pipe, a device or too large`, async function () {
      if (process.platform === "win32") return this.skip();
      const folder = await copied("inversion");
      const file = path.join(folder, name);
      const replaced = async (make: () => unknown, sentence: RegExp): Promise<void> => {
        await rm(file, { recursive: true });
        await make();
        await assert.rejects(readRun(folder), sentence);
        assert((await refusals(folder, name)) > 0);
      };
      await replaced(() => execFileSync("mkfifo", [file]), /cannot be read: it is no plain file\.$/);
      await replaced(() => symlink("/dev/zero", file), /cannot be read: it is no plain file\.$/);
      await replaced(() => mkdir(file), /cannot be read: it is a folder\.$/);
      await replaced(async () => {
        await writeFile(file, "");
        await truncate(file, 2 ** 40);
      }, /cannot be read: it has .+, more than .+\.$/);
    });

  it("is refused where a line is too long to be read", async () => {
    const folder = await copied("inversion");
    await truncate(path.join(folder, "events.jsonl"), 200 * 2 ** 20);
    const calls = { readEnd, follow };
    for (const [name, call] of Object.entries(calls)) await assert.rejects(call(folder), /too long/, name);
  });

  it("opens or is refused in a sentence, whatever one place of it holds", async function () {
    this.timeout(120_000);
    const seed = 14;
    let refused = 0;
    const names = ["inversion", "orthogonal-walk", "clamped-walk"];
    for (let count = 0; count < 400; count++) {
      const stream = new Float64Array(5);
      randomStream(seed, `record ${count}`).fillUniform(stream, 0, 1);
      const pick = <T>(i: number, of: readonly T[]): T =>
        of[Math.min(of.length - 1, Math.floor(stream[i] * of.length))];
      const folder = await copied(pick(0, names));
      const name = pick(1, FILES);
      const file = path.join(folder, name);
      const lines = (await readFile(file, "utf8")).trimEnd().split(name === "events.jsonl" ? "\n" : /(?!)/);
      const index = Math.min(lines.length - 1, Math.floor(stream[2] * lines.length));
      const json = JSON.parse(lines[index]) as Json;
      const place = pick(3, [...places(json)]);
      const inner = place.slice(0, -1).reduce<Json>((value, key) => value[key] as Json, json);
      const value = pick(4, [undefined, ...VALUES]);
      inner[place.at(-1)!] = value;
      lines[index] = JSON.stringify(json);
      await writeFile(file, `${lines.join("\n")}\n`);
      const what = `seed ${seed}, record ${count}: ${name} ${place.join(".")} = ${JSON.stringify(value)}`;
      if ((await refusals(folder, what)) > 0) refused++;
      assert.deepEqual(Object.keys(Array.prototype), [], what);
      await rm(folder, { recursive: true });
    }
    assert(refused > 100, `${refused} refused`);
  });
});
