import assert from "node:assert/strict";
import { proofFor } from "../../src/describe/methods.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { cacheFolderFromSettings, requestFromSettings, sameThrough } from "../../src/session/settings.ts";

const machine = { env: {}, platform: "linux", home: "/home/ada" } as const;
const cacheFolder = (setting: unknown) => cacheFolderFromSettings(() => setting, machine);

describe("the settings", () => {
  it("become the fields of a request that bear their names", () => {
    const set: Record<string, unknown> = { blocks: 12, optimizer: "gd", cacheFolder: "/x", unknown: 1 };
    assert.deepEqual(
      requestFromSettings((name) => set[name]),
      { method: "inversion", blocks: 12, optimizer: "gd" },
    );
  });

  it("leave out what a method has rules of its own for", () => {
    const set: Record<string, unknown> = { blocks: 2, restarts: 8 };
    assert.deepEqual(
      requestFromSettings((name) => set[name], "exact"),
      { method: "exact", blocks: 2 },
    );
  });

  it("of a run are the same for another method, but for what that one decides itself", () => {
    const searched = parseSpec({
      prompt: "x",
      blocks: 3,
      output: "finalNorm",
      restarts: 8,
      learningRate: 0.5,
      seed: 4,
    });
    const proving = parseSpec(sameThrough(searched, proofFor(searched)!));
    const { method, restarts, blocks, output, seed } = proving;
    assert.deepEqual([method, restarts, blocks, output, seed], ["exact", 1, 3, "finalNorm", 4]);
    assert.equal(proofFor(proving), undefined);
    assert.equal(proofFor(parseSpec({ prompt: "x", positions: "first" })), "exact");
    assert.equal(proofFor(parseSpec({ prompt: "x", network: "perToken" })), undefined);
  });
});

describe("the setting for the cache folder", () => {
  it("means the lab's own folder when it is empty", () => {
    assert.equal(cacheFolder(""), "/home/ada/.cache/inversion-lab");
    assert.equal(cacheFolder(undefined), "/home/ada/.cache/inversion-lab");
  });

  it("takes a whole path, or one in the home folder", () => {
    assert.equal(cacheFolder("/data/lab"), "/data/lab");
    assert.equal(cacheFolder("~/lab"), "/home/ada/lab");
    assert.equal(cacheFolder("~"), "/home/ada");
  });

  it("refuses a path that starts nowhere", () => {
    assert.throws(() => cacheFolder("lab"), { kind: "badInput", message: /inversionLab\.cacheFolder is "lab"/ });
    assert.throws(() => cacheFolder("~bob/lab"), { kind: "badInput" });
  });
});
