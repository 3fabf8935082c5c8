import assert from "node:assert/strict";
import { cacheFolderFromSettings, requestFromSettings } from "../../src/session/settings.ts";

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
