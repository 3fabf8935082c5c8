// Random weights written by worker threads, and by processes that meet, are killed, or find the disk full.

import assert from "node:assert/strict";
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { openCheckpoint, type OpenOptions } from "../../../src/checkpoints/open.ts";
import { configJson, TINY } from "../../support/checkpoint-folders.ts";
import { stopWriting } from "../../support/stopped-writing.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const root = path.join(import.meta.dirname, "..", "..", "..");

describe("a random checkpoint", () => {
  const newFolder = temporaryFolders();
  let workerPath: string;
  let tiny: string;
  before(async () => {
    const folder = await newFolder();
    workerPath = path.join(folder, "weights-worker.cjs");
    const entry = path.join(root, "src/checkpoints/generated/weights-worker.ts");
    await build({ entryPoints: [entry], outfile: workerPath, bundle: true, platform: "node", format: "cjs" });
    const config = path.join(folder, "config.json");
    await writeFile(config, JSON.stringify(configJson(TINY)));
    tiny = `random:${config}`;
  });

  const options = async (more: Partial<OpenOptions> = {}): Promise<OpenOptions> => ({
    cacheFolder: await newFolder(),
    initSeed: 0,
    ...more,
  });
  const names = async (folder: string) => (await readdir(folder)).sort();

  describe("by worker threads", () => {
    it("is the same bytes as without", async () => {
      const [threads, alone] = await Promise.all(
        [workerPath, undefined].map(async (workerPath) =>
          openCheckpoint("random:mini", { blocks: 1 }, await options({ workerPath })),
        ),
      );
      assert.deepEqual(await names(threads.folder), await names(alone.folder));
      for (const name of await names(threads.folder)) {
        const [one, other] = await Promise.all([threads, alone].map(({ folder }) => readFile(path.join(folder, name))));
        assert.ok(one.equals(other), name);
      }
      assert.equal(threads.fingerprint, alone.fingerprint);
    });

    it("leaves nothing that is trusted when it is stopped", async () => {
      await stopWriting(await newFolder(), workerPath);
    });
  });

  it("serves two processes that write it at once", async () => {
    const { cacheFolder } = await options();
    const program = path.join(await newFolder(), "open.ts");
    await writeFile(
      program,
      `import { openCheckpoint } from ${JSON.stringify(path.join(root, "src/checkpoints/open.ts"))};
       void openCheckpoint("random:mini", { blocks: 4 }, { cacheFolder: process.argv[2], initSeed: 0 });`,
    );
    const run = () => promisify(execFile)(process.execPath, ["--import=tsx", program, cacheFolder], { cwd: root });
    await Promise.all([run(), run()]);
    const both = await openCheckpoint("random:mini", { blocks: 4 }, await options({ cacheFolder }));
    const alone = await openCheckpoint("random:mini", { blocks: 4 }, await options());
    assert.deepEqual(await names(both.folder), await names(alone.folder));
    for (const name of await names(both.folder)) {
      assert.deepEqual(await readFile(path.join(both.folder, name)), await readFile(path.join(alone.folder, name)));
    }
  });

  it("sweeps away what a killed writer left, and leaves a living one's file alone", async () => {
    const setting = await options();
    const program = path.join(await newFolder(), "writer.ts");
    await writeFile(
      program,
      `import { writeAtomically } from ${JSON.stringify(path.join(root, "src/common/files.ts"))};
       void writeAtomically(process.argv[2], () => { process.send("writing"); return new Promise(() => setInterval(() => {}, 1000)); });`,
    );
    const { folder } = await openCheckpoint(tiny, { blocks: 1 }, setting);
    const start = async () => {
      const child = fork(program, [path.join(folder, "shard")], { execArgv: ["--import=tsx"], cwd: root });
      await once(child, "message");
      return child;
    };
    const temporary = async () => (await names(folder)).filter((name) => name.endsWith(".tmp"));
    const [killed, living] = await Promise.all([start(), start()]);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    assert.equal((await temporary()).length, 2);

    const elsewhere = path.join(folder, ".shard.another-host.1.00ff.tmp");
    await writeFile(elsewhere, "");
    await openCheckpoint(tiny, { blocks: 1 }, setting);
    const left = await temporary();
    assert.equal(left.length, 2);
    assert.ok(left.some((name) => name.includes(`.${living.pid}-`)));
    await utimes(elsewhere, 0, 0);
    await openCheckpoint(tiny, { blocks: 1 }, setting);
    assert.equal((await temporary()).length, 1);
    living.kill("SIGKILL");
    await once(living, "exit");
  });

  for (const threads of [true, false]) {
    it(`leaves no half file when the disk refuses in the middle, ${threads ? "with" : "without"} worker threads`, async function () {
      if (process.platform === "win32") this.skip();
      const { cacheFolder } = await options();
      const program = path.join(await newFolder(), "open.ts");
      await writeFile(
        program,
        `import { openCheckpoint } from ${JSON.stringify(path.join(root, "src/checkpoints/open.ts"))};
         const options = { cacheFolder: process.argv[2], initSeed: 0, workerPath: process.argv[3] };
         openCheckpoint("random:mini", { blocks: 4 }, options).catch(({ kind, message }) => console.log(kind + ": " + message));`,
      );
      // No file may grow beyond 10 MB here, and the embedding has 26.
      const limited = 'ulimit -f 10000; exec "$0" "$@"';
      const { stdout } = await promisify(execFile)(
        "bash",
        ["-c", limited, process.execPath, "--import=tsx", program, cacheFolder, ...(threads ? [workerPath] : [])],
        { cwd: root },
      );
      assert.match(stdout, /^storage: Writing into .*checkpoints.* failed/);
      const [folder] = await names(path.join(cacheFolder, "checkpoints"));
      const left = await names(path.join(cacheFolder, "checkpoints", folder));
      assert.equal(
        left.some((name) => name.endsWith(".tmp") || name.startsWith("model-00001")),
        false,
        left.join(),
      );
      await openCheckpoint("random:mini", { blocks: 4 }, await options({ cacheFolder }));
    });
  }
});
