import assert from "node:assert/strict";
import { open, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import {
  layOutSafetensors,
  parseSafetensorsHeader,
  readSafetensorsHeader,
  type SafetensorsType,
} from "../../src/checkpoints/safetensors.ts";
import { LabError } from "../../src/common/errors.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const types = fc.constantFrom<SafetensorsType>("F64", "F32", "F16", "BF16", "I64", "U8", "BOOL");
const tensors = fc.uniqueArray(
  fc.record({
    name: fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__"),
    type: types,
    shape: fc.array(fc.nat(5), { maxLength: 4 }),
  }),
  { selector: ({ name }) => name, maxLength: 12 },
);
const metadata = fc.dictionary(fc.string(), fc.string());

/** A file as bytes: the header as given, then so many bytes of data. */
function file(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";

describe("safetensors", () => {
  const newFolder = temporaryFolders();
  let target: string;
  before(async () => {
    target = path.join(await newFolder(), "x.safetensors");
  });
  const readBytes = async (bytes: Uint8Array) => {
    await writeFile(target, bytes);
    return readSafetensorsHeader(target);
  };

  it("reads back what it lays out, in order, whatever the names are", async () => {
    await fc.assert(
      fc.asyncProperty(tensors, metadata, async (list, meta) => {
        const layout = layOutSafetensors(list, meta);
        const bytes = new Uint8Array(layout.fileBytes);
        bytes.set(layout.header);
        const found = await readBytes(bytes);
        // Empty tensors share their place with their neighbour, so only their order is free.
        const inOrder = (map: typeof found.tensors) => [...map].filter(([, { byteLength }]) => byteLength > 0);
        assert.deepEqual(inOrder(found.tensors), inOrder(layout.tensors));
        assert.deepEqual(new Map([...found.tensors].sort()), new Map([...layout.tensors].sort()));
        assert.deepEqual({ ...found.metadata }, { ...meta });
      }),
    );
  });

  it("puts the first tensor at a multiple of eight bytes, and the tensors end where the file does", () => {
    fc.assert(
      fc.property(tensors, metadata, (list, meta) => {
        const { header, tensors, fileBytes } = layOutSafetensors(list, meta);
        const entries = [...tensors.values()];
        assert.equal(header.length % 8, 0);
        assert.equal(entries[0]?.byteOffset ?? header.length, header.length);
        const last = entries.at(-1);
        assert.equal(last ? last.byteOffset + last.byteLength : header.length, fileBytes);
      }),
    );
  });

  it("answers any bytes with a header or with a sentence", async () => {
    const sentence = (error: unknown) => error instanceof LabError && error.kind === "checkpoint";
    const good = layOutSafetensors([{ name: "a", type: "F32", shape: [2, 2] }], { format: "pt" });
    const text = new TextDecoder().decode(good.header.subarray(8));
    const damaged = fc
      .tuple(fc.nat(text.length - 1), fc.string({ unit: "binary", maxLength: 3 }), fc.nat(5))
      .map(([at, inserted, removed]) => text.slice(0, at) + inserted + text.slice(at + removed));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.json(), fc.string({ unit: "binary" })), fc.nat(40), (json, data) => {
        try {
          parseSafetensorsHeader(new TextEncoder().encode(json), 8 + json.length + data, "x.safetensors");
        } catch (error) {
          assert.ok(sentence(error), String(error));
        }
      }),
      { numRuns: 2000 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        await assert.rejects(readBytes(bytes), sentence);
      }),
      { numRuns: 200, examples: [[new Uint8Array(0)], [new Uint8Array(7)], [new Uint8Array(8)]] },
    );
  });

  const entry = (dtype: unknown, shape: unknown, ...offsets: unknown[]) => ({ dtype, shape, data_offsets: offsets });
  const HOSTILE: [what: string, bytes: Uint8Array, sentence: RegExp][] = [
    ["an array for a header", file("[]"), /not a JSON object/],
    ["text for a header", file("hello"), /not a JSON object/],
    ["a header that is not UTF-8", file(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), /not JSON/],
    ["a header that ends early", file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'), /not JSON/],
    ["a header with something behind it", file("{} {}"), /not JSON/],
    ["a member without a name", file("{1:2}"), /not JSON/],
    ["an unknown number format", file(JSON.stringify({ a: entry("F7", [1], 0, 4) }), 4), /unknown number format "F7"/],
    [
      "a number format from Object's prototype",
      file(JSON.stringify({ a: entry("constructor", [], 0, 4) }), 4),
      /format/,
    ],
    ["a negative extent", file(JSON.stringify({ a: entry("F32", [-1], 0, 4) }), 4), /impossible shape \[-1\]/],
    ["a shape beyond all numbers", file(JSON.stringify({ a: entry("F32", [2 ** 52, 2 ** 52], 0, 4) }), 4), /4 bytes/],
    [
      "a shape that does not fit its bytes",
      file(JSON.stringify({ a: entry("F32", [2], 0, 4) }), 4),
      /"a" has the shape/,
    ],
    ["an end before the start", file(JSON.stringify({ a: entry("F32", [1], 8, 4) }), 8), /impossible place/],
    ["an offset that is text", file(JSON.stringify({ a: entry("F32", [1], "0", 4) }), 4), /impossible place/],
    ["an offset beyond the file", file(JSON.stringify({ a: entry("U8", [2 ** 40], 0, 2 ** 40) }), 4), /cut off/],
    [
      "tensors that overlap",
      file(JSON.stringify({ a: entry("F32", [2], 0, 8), b: entry("F32", [1], 4, 8) }), 8),
      /"b" overlaps/,
    ],
    ["a gap between tensors", file(JSON.stringify({ a: entry("F32", [1], 4, 8) }), 8), /gap/],
    ["data that no tensor owns", file(JSON.stringify({ a: entry("F32", [1], 0, 4) }), 8), /something was added/],
    [
      "a name given twice",
      file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}'),
      /names "a" twice/,
    ],
    ["metadata that are not texts", file('{"__metadata__":{"a":1}}'), /__metadata__/],
    ["a tensor that is a number", file('{"a":1}'), /"a" has no description/],
    ["JSON as deep as the sea", file(`{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`), /no description/],
    [
      "a shape as deep as the sea",
      file(`{"a":{"dtype":"U8","shape":${"[".repeat(1e5)}${"]".repeat(1e5)}}}`),
      /no description/,
    ],
    ["a name of megabytes", file(`{"${"a\\\\".repeat(3e6)}":1}`), /a name of 9\.0 MB/],
    [
      "a shape of too many axes",
      file(JSON.stringify({ a: entry("U8", Array(20).fill(1), 0, 1) }), 1),
      /impossible shape/,
    ],
    ["metadata of megabytes", file(`{"__metadata__":{"a":"${"x".repeat(2e6)}"}}`), /__metadata__/],
    ["what Git LFS leaves in the place of a file", new TextEncoder().encode(LFS_POINTER), /git lfs pull/],
  ];
  for (const [what, bytes, sentence] of HOSTILE) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(readBytes(bytes), (error: unknown) => {
        assert.ok(error instanceof LabError);
        assert.equal(error.kind, "checkpoint");
        assert.match(error.message, sentence);
        assert.ok(error.message.length < 400, "the sentence stays short");
        return true;
      });
    });
  }

  for (const claimed of [2n ** 60n, 2n ** 64n - 1n, 100_000_001n, 1000n]) {
    it(`refuses a header that claims ${claimed} bytes without allocating them`, async () => {
      const bytes = file("{}");
      new DataView(bytes.buffer).setBigUint64(0, claimed, true);
      const before = process.memoryUsage().arrayBuffers;
      await assert.rejects(readBytes(bytes), new RegExp(`claims ${claimed} bytes`));
      assert.ok(process.memoryUsage().arrayBuffers - before < 1e6);
    });
  }

  it("refuses a header above the format's limit even when the file is that large", async () => {
    const handle = await open(target, "w");
    await handle.write(file("{}"));
    await handle.write(Buffer.from(BigUint64Array.of(100_000_001n).buffer), 0, 8, 0);
    await handle.truncate(200_000_000);
    await handle.close();
    await assert.rejects(readSafetensorsHeader(target), /more than the 100 MB that the format allows/);
  });

  const BOMBS: [what: string, unit: string, sentence: RegExp][] = [
    ["a list of lists", '{"a":{"dtype":"U8","data_offsets":[0,0],"shape":[[],[],[],[]', /is not JSON|no description/],
    ["a table of tables", '{"a":{"b":{},"c":{},"d":{}', /is not JSON|no description/],
    ["names", '{"a":[],"b":[],"c":[]', /"a" has no description/],
  ];
  for (const [what, start, sentence] of BOMBS) {
    it(`refuses 99 MB of ${what} without making them`, () => {
      const part = start.slice(start.lastIndexOf(","));
      const json = Buffer.alloc(99_000_000, part);
      json.write(start);
      const before = process.memoryUsage().heapUsed;
      assert.throws(() => parseSafetensorsHeader(json, json.length + 8, "x"), sentence);
      assert.ok(process.memoryUsage().heapUsed - before < 10e6);
    });
  }

  it("refuses more tensors than any network has", () => {
    const entries = Array.from({ length: 100_001 }, (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`);
    const json = new TextEncoder().encode(`{${entries.join(",")}}`);
    assert.throws(() => parseSafetensorsHeader(json, json.length + 8, "x"), /more than 100000 tensors/);
  });

  it("refuses what is no file", async () => {
    await assert.rejects(readSafetensorsHeader(path.dirname(target)), /it is no file/);
  });

  it("reads the header alone, however large the file is", async () => {
    const layout = layOutSafetensors([{ name: "a", type: "F32", shape: [1024, 1024, 1024, 16] }], {});
    const handle = await open(target, "w");
    await handle.write(layout.header);
    await handle.truncate(layout.fileBytes);
    await handle.close();
    assert.equal((await readSafetensorsHeader(target)).tensors.get("a")?.byteLength, 2 ** 36);
  });

  it("says that a file is not there", async () => {
    await assert.rejects(readSafetensorsHeader(path.join(path.dirname(target), "none")), /it is not there/);
  });
});
