// Checks which file may import which: node scripts/rooms.js prints a sentence for each import that the rules below
// forbid, be it static, dynamic, a re-export or for types alone.

import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import ts from "typescript";
import { root } from "./ready.js";

/** The rooms of src/ from the ground up: an import may only point to a room before its own. */
const ROOMS = [
  "common",
  "tensorgraph",
  "networks",
  "checkpoints",
  "runtime",
  "text",
  "experiments",
  "describe",
  "records",
  "reports",
  "engine",
  "sweeps",
  "reproduction",
  "session",
];

/** They stand on all the others and do not know each other. */
const FRONTS = ["cli", "host"];

/** Programs at the top of src/, each of a front. */
const ENTRIES = /** @type {Record<string, string>} */ ({ "src/cli.ts": "cli", "src/extension.ts": "host" });

/** Rooms that run anywhere: in a terminal, in VS Code and in a page. */
const ANYWHERE = ["describe", "webview"];
const isTiedDown = (/** @type {string} */ name) => isBuiltin(name) || ["vscode", "zod"].includes(name);

/** Packages that one place alone may import. @type {Record<string, {where: string, may: (file: string) => boolean}>} */
const ONE_PLACE = {
  "vscode": { where: "src/host and src/extension.ts", may: (file) => roomOf(file) === "host" },
  "onnxruntime-node": {
    where: "src/runtime/onnxruntime.ts",
    may: (file) => file === "src/runtime/onnxruntime.ts",
  },
};

/** Processes, threads and bundles are for the suite "process". */
const startsProcesses = (/** @type {string} */ name) =>
  ["node:child_process", "node:cluster", "node:worker_threads", "esbuild"].includes(name);

/** Known offences that are still to go, "file → file". One that has gone must leave this list. */
const KNOWN_IMPORTS = /** @type {string[]} */ ([]);

/** Exported types of one name that are two things. One that has become one thing must leave this list. */
const KNOWN_TYPES = /** @type {string[]} */ ([]);

/**
 * @typedef {{name: string, content: string}} File name: its path in the project, with slashes
 * @typedef {{to: string, value: boolean, line: number}} Import to: a file's path in the project, or a package
 * @typedef {{name: string, imports: Import[], types: string[]}} Module types: names of the exported ones
 * @typedef {Map<string, Module>} Modules
 */

/**
 * A sentence for everything that is against the rules.
 * @param {readonly File[]} files all of src/, webview/ and test/
 * @param {{imports: readonly string[], types: readonly string[]}} [known]
 * @returns {string[]}
 */
export function problems(files, known = { imports: [], types: [] }) {
  const names = new Set(files.map(({ name }) => name));
  const modules = new Map(files.map((file) => [file.name, moduleOf(file, names)]));
  const imports = [...modules.values()].flatMap(({ name, imports }) =>
    imports.flatMap(({ to, value, line }) => {
      const rule = arrowRule(name, to, value) ?? packageRule(name, to);
      return rule ? [{ arrow: `${name} → ${to}`, sentence: `${name}:${line} imports ${to}: ${rule}` }] : [];
    }),
  );
  const sources = [...modules.values()].filter(({ name }) => !isTest(name));
  const fileNames = shared(sources.map(({ name }) => ({ name: path.posix.basename(name), place: name })));
  const types = shared(sources.flatMap((module) => module.types.map((name) => ({ name, place: module.name }))));
  return [
    ...imports.filter(({ arrow }) => !known.imports.includes(arrow)).map(({ sentence }) => sentence),
    ...sources.flatMap(({ name }) => (roomOf(name) ? [] : [`${name} is in no room: scripts/rooms.js lists them.`])),
    ...circles(modules).map((circle) => `${circle.join(" → ")} is a circle: imports go one way.`),
    ...[...modules.keys()]
      .filter((name) => isUnitTest(name) || ANYWHERE.includes(roomOf(name) ?? ""))
      .flatMap((name) => needs(modules, name)),
    ...fileNames.map(([, places]) => `${places.join(" and ")} are named alike: a file's name says one thing.`),
    ...types
      .filter(([name]) => !known.types.includes(name))
      .map(([name, places]) => `The type ${name} is exported by ${places.join(" and ")}: one name, one meaning.`),
    ...known.imports
      .filter((arrow) => !imports.some((each) => each.arrow === arrow))
      .map((arrow) => `${arrow} is gone: take it off the list of known imports in scripts/rooms.js.`),
    ...known.types
      .filter((name) => !types.some(([each]) => each === name))
      .map((name) => `The type ${name} is one thing now: take it off the list of known types in scripts/rooms.js.`),
  ];
}

/** @returns {string | undefined} the room of a file of src/ or the page; undefined elsewhere */
function roomOf(/** @type {string} */ file) {
  if (file in ENTRIES) return ENTRIES[file];
  const [first, room, ...rest] = file.split("/");
  if (first === "webview") return first;
  if (first !== "src" || rest.length === 0) return undefined;
  return [...ROOMS, ...FRONTS].find((each) => each === room);
}

const isTest = (/** @type {string} */ file) => file.startsWith("test/");
const isUnitTest = (/** @type {string} */ file) =>
  isTest(file) && file.endsWith(".test.ts") && !/\.process\.test\.ts$|^test\/(gpu|vscode)\//.test(file);

/** May a file of one room import one of another? @returns {string | undefined} why not */
function arrowRule(/** @type {string} */ from, /** @type {string} */ to, /** @type {boolean} */ value) {
  const room = roomOf(from);
  const target = roomOf(to);
  if (room === undefined || room === target) return undefined;
  if (/^(test|bench|scripts|models)\//.test(to)) return "what people run knows nothing of how it is made.";
  if (target === undefined) return undefined;
  if (room === "webview") {
    return value && target !== "describe" ? "the page takes values from src/describe alone, else types." : undefined;
  }
  if (target === "webview") return "src does not know the page.";
  if (FRONTS.includes(room) && FRONTS.includes(target)) return "cli and host do not know each other.";
  if (FRONTS.includes(target) || (!FRONTS.includes(room) && ROOMS.indexOf(target) > ROOMS.indexOf(room))) {
    return `${room} stands below ${target}, and imports only point down the list of rooms.`;
  }
  if (room === "experiments" && target === "runtime" && value) return "experiments takes only types from runtime.";
  return undefined;
}

function packageRule(/** @type {string} */ from, /** @type {string} */ to) {
  const rule = isTest(from) ? undefined : ONE_PLACE[to];
  return rule && !rule.may(from) ? `${to} is imported in ${rule.where} alone.` : undefined;
}

/** What a file may not need, neither itself nor through what it takes values from. @returns {string[]} */
function needs(/** @type {Modules} */ modules, /** @type {string} */ first) {
  const [forbidden, follows, rule] = isUnitTest(first)
    ? [startsProcesses, isTest, "a unit test starts no process and bundles nothing; name the file *.process.test.ts."]
    : [isTiedDown, () => true, `${roomOf(first)} runs anywhere, without Node, VS Code and zod.`];
  /** @type {string[]} */
  const found = [];
  const seen = new Set([first]);
  for (const name of seen) {
    for (const { to, value } of modules.get(name)?.imports ?? []) {
      if (value && modules.has(to) && follows(to)) seen.add(to);
      if (!forbidden(to) || !(value || name === first)) continue;
      found.push(`${first} imports ${to}${name === first ? "" : ` through ${name}`}: ${rule}`);
    }
  }
  return found;
}

/** A shortest circle of each group of files that reach each other. @returns {string[][]} */
function circles(/** @type {Modules} */ modules) {
  /** @type {string[][]} */
  const found = [];
  for (const name of modules.keys()) {
    if (found.some((circle) => circle.includes(name))) continue;
    const circle = shortestWay(modules, name);
    // Circles that share a file come apart one after the other.
    if (circle && !found.some((other) => other.some((file) => circle.includes(file)))) found.push(circle);
  }
  return found;
}

/** @returns {string[] | undefined} from a file back to itself */
function shortestWay(/** @type {Modules} */ modules, /** @type {string} */ start) {
  /** @type {Map<string, string>} */
  const cameFrom = new Map();
  const queue = [start];
  for (const name of queue) {
    for (const { to } of modules.get(name)?.imports ?? []) {
      if (to === start) {
        const way = [start];
        for (let at = name; at !== start; at = cameFrom.get(at) ?? start) way.unshift(at);
        return [start, ...way];
      }
      if (!modules.has(to) || cameFrom.has(to)) continue;
      cameFrom.set(to, name);
      queue.push(to);
    }
  }
  return undefined;
}

/** The names that several places have. @returns {[string, string[]][]} */
function shared(/** @type {readonly {name: string, place: string}[]} */ all) {
  /** @type {Map<string, string[]>} */
  const places = new Map();
  for (const { name, place } of all) places.set(name, [...(places.get(name) ?? []), place]);
  return [...places].filter(([, each]) => each.length > 1);
}

/** @returns {Module} */
function moduleOf(/** @type {File} */ { name, content }, /** @type {ReadonlySet<string>} */ names) {
  const file = ts.createSourceFile(name, content, ts.ScriptTarget.Latest, false);
  /** @type {Import[]} */
  const imports = [];
  const add = (
    /** @type {ts.Node} */ node,
    /** @type {ts.Node | undefined} */ specifier,
    /** @type {boolean} */ value,
  ) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    imports.push({ to: resolved(name, specifier.text, names), value, line: line + 1 });
  };
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, !node.importClause?.isTypeOnly);
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, !node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], true);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, false);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { name, imports, types: file.statements.flatMap(exportedType) };
}

/** @returns {string[]} */
function exportedType(/** @type {ts.Statement} */ statement) {
  const isType =
    ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || ts.isClassDeclaration(statement);
  if (!isType || !statement.name) return [];
  const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  return isExported ? [statement.name.text] : [];
}

/** A path in the project for what is named by one, else the name of the package or of Node's module. */
function resolved(
  /** @type {string} */ from,
  /** @type {string} */ specifier,
  /** @type {ReadonlySet<string>} */ names,
) {
  if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
  if (!specifier.startsWith(".")) return packageName(specifier);
  const place = path.posix.join(path.posix.dirname(from), specifier);
  const spellings = [place, `${place}.ts`, place.replace(/\.js$/, ".ts"), `${place}/index.ts`];
  return spellings.find((each) => names.has(each)) ?? place;
}

const packageName = (/** @type {string} */ specifier) =>
  specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** @returns {File[]} */
function projectFiles() {
  return ["src", "webview", "test"].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name.replaceAll(path.sep, "/")}`)
      .map((name) => ({ name, content: readFileSync(path.join(root, name), "utf8") })),
  );
}

if (process.argv[1] === import.meta.filename) {
  const found = problems(projectFiles(), { imports: KNOWN_IMPORTS, types: KNOWN_TYPES });
  for (const sentence of found) console.error(sentence);
  process.exitCode = found.length > 0 ? 1 : 0;
}
