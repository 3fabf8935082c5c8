// How programs of ours are forked.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { nodeProcess } from "../../src/common/node-process.ts";

/** Kilobytes in large pages of a process that has just filled 64 MB. */
async function hugeKilobytes(env: NodeJS.ProcessEnv | undefined): Promise<number> {
  const code = `
    const block = Buffer.alloc(1 << 26, 1);
    const [, kilobytes] = /^AnonHugePages:\\s+(\\d+)/m.exec(require("fs").readFileSync("/proc/self/smaps_rollup", "utf8"));
    console.log(kilobytes, block.length);`;
  return parseInt((await promisify(execFile)(process.execPath, ["-e", code], { env })).stdout, 10);
}

describe("a program of ours", () => {
  it("gets its parent's environment without the tokens in it", () => {
    const names = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] as const;
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = "secret";
    try {
      const { env } = nodeProcess();
      assert.equal(env?.PATH, process.env.PATH);
      assert.equal(JSON.stringify(env).includes("secret"), false);
    } finally {
      names.forEach((name, i) => {
        if (before[i] === undefined) delete process.env[name];
        else process.env[name] = before[i];
      });
    }
  });

  it("keeps what the C library of Linux was told before", () => {
    const before = process.env.GLIBC_TUNABLES;
    process.env.GLIBC_TUNABLES = "glibc.malloc.check=0";
    try {
      const more = process.platform === "linux" ? ":glibc.malloc.hugetlb=1" : "";
      assert.equal(nodeProcess().env?.GLIBC_TUNABLES, `glibc.malloc.check=0${more}`);
    } finally {
      if (before === undefined) delete process.env.GLIBC_TUNABLES;
      else process.env.GLIBC_TUNABLES = before;
    }
  });

  it("has large blocks of memory in pages of 2 MB, where Linux gives them on request", async () => {
    const mode = await largePages();
    const kilobytes = mode === undefined ? undefined : await hugeKilobytes(nodeProcess().env);
    if (mode === "madvise" || mode === "always") assert.ok(kilobytes! > 50_000, `${kilobytes} kB`);
    else assert.ok(!kilobytes);
  });
});

async function largePages(): Promise<string | undefined> {
  const text = await readFile("/sys/kernel/mm/transparent_hugepage/enabled", "utf8").catch(() => "");
  return /\[(\w+)\]/.exec(text)?.[1];
}
