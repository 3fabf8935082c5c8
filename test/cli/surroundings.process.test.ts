// Surroundings that a program does not expect: users without a name, arguments that are no text, marks before a text.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import { readConfig, sizedConfig } from "../../src/checkpoints/config.ts";
import { LiveView } from "../../src/cli/live-view.ts";
import type { CliContext } from "../../src/cli/io.ts";
import { spec } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const CLI = path.join(import.meta.dirname, "../../dist/cli.cjs");
const isRoot = process.getuid?.() === 0;

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const cli = (args: readonly string[], options: object = {}): Ended =>
  spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8", timeout: 60_000, ...options });

describe("the command line, wherever it is", () => {
  const newFolder = temporaryFolders();

  for (const args of [["--version"], ["--help"], ["checkpoints", "list"]])
    (isRoot ? it : it.skip)(`works for a user without name and home (as root): ${args.join(" ")}`, () => {
      const { status, stderr } = cli(args, { uid: 54_321, gid: 54_321, env: { PATH: process.env.PATH }, cwd: "/" });
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    });

  (process.platform === "linux" ? it : it.skip)("refuses an argument that is not UTF-8 (on Linux)", () => {
    const typed = (bytes: string): Ended =>
      spawnSync("sh", ["-c", `exec "$0" "$1" export --format csv "$(printf '${bytes}')"`, process.execPath, CLI], {
        encoding: "utf8",
      });
    assert.deepEqual(
      [typed("a\\377b")].map(({ status, stderr }) => [status, stderr]),
      [[2, "An argument is not UTF-8.\n"]],
    );
    assert.match(typed("a\\357\\277\\275b").stderr, /is no run/, "U+FFFD can be typed");
  });

  it("reads a sweep that begins with a byte order mark, and no pipe in its place", async () => {
    const folder = await newFolder();
    const file = path.join(folder, "a.sweep.json");
    await writeFile(file, `\ufeff${JSON.stringify({ base: { prompt: "a" }, axes: { blocks: [1, 2] } })}`);
    const { status, stdout } = cli(["sweep", file, "--dry-run", "--json"]);
    assert.equal(status, 0);
    assert.equal(stdout.trim().split("\n").length, 3);
    if (process.platform === "win32") return;
    const pipe = path.join(folder, "pipe.sweep.json");
    execFileSync("mkfifo", [pipe]);
    const refused = cli(["sweep", pipe, "--dry-run"]);
    assert.deepEqual([refused.status, refused.stderr], [2, `${pipe} cannot be read: it is no plain file.\n`]);
  });

  it("reads a config.json that begins with a byte order mark", async () => {
    const file = path.join(await newFolder(), "config.json");
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `\ufeff${JSON.stringify(sizedConfig("gpt2"))}`);
    assert.equal((await readConfig(file)).config.blocks, 12);
  });

  it("shows a run in a terminal that says 0 × 0", () => {
    const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 0, rows: 0 });
    const context = { stdout, stderr: stdout, env: {}, signal: new AbortController().signal, now: () => 0 };
    const view = new LiveView(spec(), context as unknown as CliContext);
    view.close();
    assert.match(String(stdout.read()), /The sky/);
  });
});
