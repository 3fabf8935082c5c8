// Downloads from the Hugging Face hub by processes that meet or end.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { fetchFromHub } from "../../../src/checkpoints/hub/hub.ts";
import type { HubSettings } from "../../../src/checkpoints/hub/hub-settings.ts";
import { configJson, safetensorsBytes, TINY, weightValues } from "../../support/checkpoint-folders.ts";
import { HubServer, sha256 } from "../../support/hub-server.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("the Hugging Face hub", () => {
  const newFolder = temporaryFolders();
  const config = Buffer.from(JSON.stringify(configJson(TINY)));
  const weights = safetensorsBytes(weightValues(TINY));
  let server: HubServer;
  let settings: HubSettings;

  before(async () => {
    server = await HubServer.start();
  });
  after(() => server.stop());
  beforeEach(async () => {
    settings = { endpoint: server.endpoint, cacheFolder: await newFolder(), offline: false };
    server.seen.length = 0;
    server.pace = undefined;
    server.repositories.clear();
    const files = { "config.json": config, "model.safetensors": weights };
    server.repositories.set("owner/tiny", { commit: COMMIT, files: new Map(Object.entries(files)) });
  });

  const repository = () => path.join(settings.cacheFolder, "models--owner--tiny");
  const fetched = () => fetchFromHub({ repository: "owner/tiny", revision: "main" }, settings);
  const complete = async (folder: string) =>
    assert.deepEqual(new Uint8Array(await readFile(path.join(folder, "model.safetensors"))), weights);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const program = () => `
    import { fetchFromHub } from ${JSON.stringify(new URL("../../../src/checkpoints/hub/hub.ts", import.meta.url).href)};
    await fetchFromHub({ repository: "owner/tiny", revision: "main" }, ${JSON.stringify(settings)});`;

  it("keeps what it has when its process ends, and goes on from there", async () => {
    server.pace = { bytes: 500, pauseMs: 50 };
    const child = spawn(process.execPath, ["--import=tsx/esm", "--input-type=module", "-e", program()], {
      stdio: "inherit",
    });
    const partial = path.join(repository(), "blobs", `${sha256(weights)}.inversion-lab.incomplete`);
    while (((await stat(partial).catch(() => undefined))?.size ?? 0) === 0) await pause(10);
    child.kill("SIGKILL");
    await once(child, "exit");
    const { size } = await stat(partial);
    server.pace = undefined;
    await complete((await fetched()).folder);
    assert.equal(server.ranges.at(-1), `bytes=${size}-`);
  });

  it("downloads once from two processes", async () => {
    server.pace = { bytes: 4000, pauseMs: 20 };
    const children = [1, 2].map(() =>
      spawn(process.execPath, ["--import=tsx/esm", "--input-type=module", "-e", program()], { stdio: "inherit" }),
    );
    const ends = await Promise.all(children.map((child) => once(child, "exit")));
    assert.deepEqual(
      ends.map(([code]) => code as unknown),
      [0, 0],
    );
    await complete((await fetched()).folder);
    assert.deepEqual(server.ranges, [undefined]);
  });
});
