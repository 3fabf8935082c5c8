// Generated weights are compared with what was meant before they are trusted: a hole or a wrong bit anywhere is found.

import assert from "node:assert/strict";
import { open, readFile, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { openFullyConnected } from "../../../src/checkpoints/generated/fully-connected-weights.ts";
import { quantise } from "../../../src/checkpoints/generated/reduced-precision.ts";
import { makeTrusted, sha256, writeDigests } from "../../../src/checkpoints/generated/written-files.ts";
import { openCheckpoint } from "../../../src/checkpoints/open.ts";
import { writeWhole } from "../../../src/common/files.ts";
import { layOutSafetensors } from "../../../src/checkpoints/safetensors.ts";
import { configJson, TINY } from "../../support/checkpoint-folders.ts";
import { TINY_GPT2 } from "../../support/folders.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

/** What tells a reader about a file, and what it takes; each opens the same thing again. */
type Opening = (told: {
  warn: (sentence: string) => void;
  onProgress: (progress: { stage: string }) => void;
}) => Promise<string>;

describe("a generated weights file", () => {
  const newFolder = temporaryFolders();

  const OPENINGS: Record<string, () => Promise<Opening>> = {
    "of a random checkpoint": async () => {
      const cacheFolder = await newFolder();
      const config = path.join(await newFolder(), "config.json");
      await writeFile(config, JSON.stringify(configJson(TINY)));
      const setting = { cacheFolder, initSeed: 3 };
      return async (told) => {
        const { folder } = await openCheckpoint(`random:${config}`, { blocks: 1 }, { ...setting, ...told });
        return path.join(folder, "model-00002-of-00003.safetensors");
      };
    },
    "of a fully connected net": async () => {
      const cacheFolder = await newFolder();
      return async (told) => {
        const { folder } = await openFullyConnected({ kind: "invertible", length: 2, width: 8 }, 1, cacheFolder, told);
        return path.join(folder, "model.safetensors");
      };
    },
    ...Object.fromEntries(
      (["int8", "float16"] as const).map((format) => [
        `in ${format}`,
        async () => {
          const cacheFolder = await newFolder();
          const checkpoint = await openCheckpoint(TINY_GPT2, { blocks: 1 }, { cacheFolder, initSeed: 0 });
          return async (told: object) => {
            const { folder } = (await quantise(checkpoint, 1, format, { cacheFolder, ...told })).checkpoint;
            return path.join(folder, "block-0.safetensors");
          };
        },
      ]),
    ),
  };

  for (const [name, begin] of Object.entries(OPENINGS))
    it(`${name} is made anew, with a sentence, where it has a hole or a wrong bit, and compared once`, async () => {
      const openAgain = await begin();
      const told: string[] = [];
      const stages: string[] = [];
      const reopen = () => {
        told.length = stages.length = 0;
        return openAgain({ warn: (text) => told.push(text), onProgress: ({ stage }) => stages.push(stage) });
      };
      const file = await reopen();
      assert.deepEqual(told, []);
      assert(stages.includes("Checking the weights"), stages.join());
      const right = await readFile(file);
      await reopen();
      assert.equal(stages.includes("Checking the weights"), false);

      const start = Number(right.readBigUInt64LE(0)) + 8;
      const nonzero = right.findIndex((byte, at) => at >= start && byte !== 0);
      const flip = async (at: number) => change(file, at, Buffer.of(right[at] ^ 1));
      const damages: Record<string, () => Promise<void>> = {
        "the first bit": () => flip(start),
        "the last bit": () => flip(right.length - 1),
        "a hole": () => change(file, nonzero, Buffer.alloc(Math.min(64, right.length - nonzero))),
        "a bit, with the old times": async () => {
          const { atime, mtime } = await stat(file);
          await flip(start + 5);
          await utimes(file, atime, mtime);
        },
      };
      for (const [what, damage] of Object.entries(damages)) {
        await damage();
        assert.equal(await reopen(), file);
        assert((await readFile(file)).equals(right), what);
        assert.deepEqual(told, [`${file} does not hold what was written into it, and is made anew.`], what);
        await reopen();
        assert.deepEqual(told, []);
      }
    });

  it("is refused in a sentence where the disk does not give back what it took", async () => {
    const folder = path.join(await newFolder(), "kind", "name");
    const layout = layOutSafetensors([{ name: "w", type: "U8", shape: [4] }], {});
    const file = path.join(folder, "w.safetensors");
    const write = async () => {
      const digest = sha256(Uint8Array.of(1, 2, 3, 4));
      await writeDigests(file, [{ byteOffset: layout.header.length, byteLength: 4, sha256: digest }]);
      await writeWhole(file, Buffer.concat([layout.header, Uint8Array.of(1, 2, 0, 4)]));
    };
    await assert.rejects(makeTrusted(folder, [{ file: "w.safetensors", layout }], write, {}), {
      kind: "storage",
      message: `${file} does not hold what was written into it: the disk loses data. Choose another folder.`,
    });
  });

  for (const [what, pieces] of Object.entries({ "none": [], "a part": [{ byteOffset: 0, byteLength: 2 }] }))
    it(`is not trusted on digests of ${what} of its bytes`, async () => {
      const folder = path.join(await newFolder(), "kind", "name");
      const layout = layOutSafetensors([{ name: "w", type: "U8", shape: [4] }], {});
      const file = path.join(folder, "w.safetensors");
      const bytes = Buffer.concat([layout.header, Uint8Array.of(1, 2, 3, 4)]);
      let made = 0;
      const write = async () => {
        made++;
        await writeWhole(file, bytes);
        const some = pieces.map(({ byteOffset, byteLength }) => {
          const from = layout.header.length + byteOffset;
          return { byteOffset: from, byteLength, sha256: sha256(bytes.subarray(from, from + byteLength)) };
        });
        await writeDigests(file, some);
      };
      await assert.rejects(makeTrusted(folder, [{ file: "w.safetensors", layout }], write, {}), /loses data/);
      assert.equal(made, 1);
    });
});

async function change(file: string, at: number, bytes: Uint8Array): Promise<void> {
  await using handle = await open(file, "r+");
  await handle.write(bytes, 0, bytes.length, at);
}
