import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { joinPairs, loadTokenizer, type Tokenizer } from "../../src/text/tokenizer.ts";

/** The vocabulary as OpenAI publishes it: a line a token, its bytes in base64 and its rank. */
const published = readFileSync(
  path.join(import.meta.dirname, "../../node_modules/gpt-tokenizer/data/r50k_base.tiktoken"),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => Buffer.from(line.split(" ")[0], "base64"));

describe("the tokenizer", () => {
  let tokenizer: Tokenizer;
  before(async () => {
    tokenizer = await loadTokenizer();
  });

  // Computed with OpenAI's tiktoken, encoding "gpt2".
  const KNOWN: [text: string, ids: number[]][] = [
    ["The sky is blue.", [464, 6766, 318, 4171, 13]],
    [" The sky  is\n\nblue", [383, 6766, 220, 318, 198, 198, 17585]],
    ["don't they'll we've I'm DON'T", [9099, 470, 484, 1183, 356, 1053, 314, 1101, 23917, 6, 51]],
    ["naïve café 12345 ½", [2616, 38776, 40304, 17031, 2231, 25208]],
  ];
  for (const [text, ids] of KNOWN) {
    it(`reads ${JSON.stringify(text)} as GPT-2 does`, () => assert.deepEqual(tokenizer.encode(text), ids));
  }

  it("gives every text back", () => {
    const characters = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: "binary" }),
      fc.stringMatching(/^[\s\u0085\u200b'sdtm1a!]*$/),
      fc.constantFrom("😀👩‍👩‍👧‍👦", "\0\x01\x7f\x9f", "\ufeffBOM", "a<|endoftext|>b", "مرحبا", "ひらがな", "\r\n\t \u3000"),
    );
    fc.assert(
      fc.property(fc.array(characters), (parts) => {
        const text = parts.join("");
        assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      }),
      { numRuns: 1000 },
    );
  });

  it("has the published vocabulary, and reads the text of each token as that token", () => {
    assert.equal(published.length, 50256);
    const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    published.forEach((bytes, id) => assert.equal(tokenizer.token(id), utf8.decode(bytes)));
    const ranks = new Map(published.map((bytes, id) => [bytes.toString("latin1"), id]));
    for (const [bytes, id] of ranks) assert.deepEqual(joinPairs(bytes, ranks), [id]);
  });

  it("joins pairs as the definition says: the first of lowest rank, again and again", () => {
    const ranks = new Map(published.map((bytes, id) => [bytes.toString("latin1"), id]));
    const word = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
      fc.stringMatching(/^[eatsh]{1,40}$/),
    );
    fc.assert(
      fc.property(word, (bytes) => {
        const parts = [...bytes];
        for (;;) {
          const pairs = parts.slice(1).map((part, i) => ranks.get(parts[i] + part) ?? Infinity);
          const least = Math.min(...pairs);
          if (least === Infinity) break;
          const at = pairs.indexOf(least);
          parts.splice(at, 2, parts[at] + parts[at + 1]);
        }
        assert.deepEqual(
          joinPairs(bytes, ranks),
          parts.map((part) => ranks.get(part)),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("cuts words at what is white space in Unicode, and at nothing else", () => {
    // U+0085 is white space though JavaScript's \s says no; U+FEFF is not though \s says yes. A space before it joins it.
    assert.deepEqual(tokenizer.encode("x \u0085y"), [87, 220, 126, 227, 88]);
    assert.deepEqual(tokenizer.encode("x \ufeffy").slice(0, 2), [87, 27332]);
  });

  it("reads <|endoftext|> as its own token, as Hugging Face does", () => {
    assert.deepEqual(tokenizer.encode("a<|endoftext|><|endoftext|> b"), [64, 50256, 50256, 275]);
    assert.equal(tokenizer.token(50256), "<|endoftext|>");
  });

  it("reads a lone surrogate as U+FFFD", () => {
    assert.deepEqual(tokenizer.encode("a\ud800b"), tokenizer.encode("a\ufffdb"));
  });

  it("shows pieces of a character, and ids that GPT-2 does not have", () => {
    const [first, ...rest] = tokenizer.encode("😀");
    assert.equal(tokenizer.token(first), "\ufffd");
    assert.equal(tokenizer.decode([first, ...rest]), "😀");
    assert.equal(tokenizer.decode([first]) + tokenizer.decode([64]), "\ufffda");
    assert.equal(tokenizer.token(50257), "<|50257|>");
  });

  it("looks as many pairs up as a word is long, and gives long words back", () => {
    for (const unit of ["a", " ", "é", "ab", "=-"]) {
      const text = unit.repeat(100_000);
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    }
    const vocabulary = ["a", "b", "ab", "aa", "abab", "aaaa", "abababab"];
    const ranks = new Map(vocabulary.map((bytes, rank) => [bytes, rank]));
    for (const word of ["a".repeat(50_000), "ab".repeat(25_000), "aab".repeat(17_000)]) {
      let lookUps = 0;
      const counted = { get: (bytes: string) => (lookUps++, ranks.get(bytes)) } as ReadonlyMap<string, number>;
      const ids = joinPairs(word, counted);
      assert.equal(ids.map((id) => vocabulary[id]).join(""), word);
      // One for each place, two for each join, one for each token.
      assert.ok(lookUps <= 4 * word.length, `${lookUps} for ${word.length}`);
    }
  });
});
