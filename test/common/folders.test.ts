// Default folders on every platform, without being on it.

import assert from "node:assert/strict";
import { cacheFolder, runsFolder } from "../../src/common/folders.ts";

describe("cache folder", () => {
  it("is the platform's own", () => {
    assert.equal(cacheFolder({}, "linux", "/home/ada"), "/home/ada/.cache/inversion-lab");
    assert.equal(cacheFolder({ XDG_CACHE_HOME: "/fast" }, "linux", "/home/ada"), "/fast/inversion-lab");
    assert.equal(cacheFolder({}, "darwin", "/Users/ada"), "/Users/ada/Library/Caches/inversion-lab");
    const windows = { LOCALAPPDATA: "D:\\Local" };
    assert.equal(cacheFolder(windows, "win32", "C:\\Users\\ada"), "D:\\Local\\inversion-lab");
    assert.equal(cacheFolder({}, "win32", "C:\\Users\\ada"), "C:\\Users\\ada\\AppData\\Local\\inversion-lab");
  });

  it("is not taken from an XDG path that is relative, as its specification says", () => {
    assert.equal(cacheFolder({ XDG_CACHE_HOME: "cache" }, "linux", "/home/ada"), "/home/ada/.cache/inversion-lab");
  });

  it("is INVERSION_LAB_CACHE before all else", () => {
    const env = { INVERSION_LAB_CACHE: "/mine", XDG_CACHE_HOME: "/fast" };
    assert.equal(cacheFolder(env, "linux", "/home/ada"), "/mine");
    assert.equal(cacheFolder(env, "darwin", "/Users/ada"), "/mine");
  });

  it("holds the runs", () => {
    assert.equal(runsFolder("/mine"), "/mine/runs");
  });
});
