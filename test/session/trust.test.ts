// What a folder that is not trusted may have done, and what a file may name.

import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { NAMED_SOURCES } from "../../src/checkpoints/config.ts";
import {
  checkNamedByFile,
  isBuiltIn,
  requireInside,
  requireTrust,
  requireTrustedCheckpoint,
} from "../../src/session/trust.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const OTHERS = [
  ...["openai-community/gpt2", "owner/name@main", "/models/a", "./mini", "mini/", "C:\\models", "random:a/config.json"],
  ...["random:/etc/config.json?n_embd=1", "random:", "random:gpt2/../x", "random:constructor", ""],
];

describe("a folder that is not trusted", () => {
  it("has bundled and random checkpoints opened, and no other", () => {
    for (const checkpoint of [...NAMED_SOURCES, "random:gpt2?n_embd=50&n_head=1"]) {
      assert(isBuiltIn(checkpoint), checkpoint);
      requireTrustedCheckpoint(false, { checkpoint });
    }
    for (const checkpoint of OTHERS) {
      assert.throws(
        () => requireTrustedCheckpoint(false, { checkpoint }),
        /only in a folder that you trust/,
        checkpoint,
      );
      requireTrustedCheckpoint(true, { checkpoint });
    }
  });

  it("has nothing run from a file", () => {
    assert.throws(() => requireTrust(false), /only in a folder that you trust/);
    requireTrust(true);
  });
});

describe("a file", () => {
  for (const checkpoint of [
    ...[
      "\\\\server\\share\\model",
      "//server/share",
      "\\\\.\\pipe\\x",
      "\\\\?\\C:\\x",
      "/dev/stdin",
      "/proc/self/fd/0",
    ],
    ...["/tmp/../dev/zero", "random:/dev/stdin", "random://server/config.json", "smb://server/x", "file:///dev/zero"],
  ])
    it(`names no share and no device: ${checkpoint}`, () => {
      assert.throws(() => checkNamedByFile([{ checkpoint }], "/a/x.sweep.json"), /^LabError: x\.sweep\.json names/);
    });

  it("names no share and no device among the files of a method", () => {
    for (const request of [{ states: "//server/a.npy" }, { fitText: "a.txt;/dev/zero" }]) {
      assert.throws(() => checkNamedByFile([request], "x"), /^LabError: x names .* may name no network share/);
    }
    checkNamedByFile([{ states: "/a/b.npy", fitText: "a.txt;b.txt", prompt: "//server" }], "x");
  });

  it("names models, folders and random weights", () => {
    for (const checkpoint of [
      ...NAMED_SOURCES,
      "owner/name@main",
      "/models/a",
      "./mini",
      "random:a/config.json",
      "/device",
    ]) {
      checkNamedByFile([{ checkpoint }], "x");
    }
  });
});

describe("a folder for runs", () => {
  const newFolder = temporaryFolders();

  it("may be a link within its folder, or not there yet, but leads nowhere else", async () => {
    const root = await newFolder();
    const other = await newFolder();
    await mkdir(path.join(root, "a"));
    await symlink(path.join(root, "a"), path.join(root, "in"));
    await symlink(other, path.join(root, "out"));
    for (const place of [root, path.join(root, "a"), path.join(root, "in"), path.join(root, "none", "x")]) {
      await requireInside(place, root);
    }
    await assert.rejects(requireInside(path.join(root, "out"), root), /leads out of its folder/);
    await assert.rejects(requireInside(`${root}/..`, root), /leads out of its folder/);
  });
});
