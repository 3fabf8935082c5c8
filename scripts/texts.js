// The texts that people see, read off the calls of `vscode.l10n.t` and `t` in the sources, as the bundle that translators
// start from: node scripts/run.js texts writes l10n/bundle.l10n.json anew.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { root } from "./ready.js";

/** @typedef {string | {message: string, comment: string[]}} Text */

const FOLDERS = ["src/common", "src/describe", "src/experiments", "src/session", "src/host", "webview"];
const BUNDLE = path.join(root, "l10n", "bundle.l10n.json");

/** Where `t` comes from in files that do not know VS Code. */
const MODULES = /^(@vscode\/l10n|.*\/l10n\.ts)$/;

export function main() {
  writeFileSync(BUNDLE, bundleOf(sourceFiles()));
}

/** @returns {string} the bundle as it is kept */
export const keptBundle = () => readFileSync(BUNDLE, "utf8");

/** @returns {{name: string, content: string}[]} every file that may have texts */
export const sourceFiles = () =>
  ["src/extension.ts", ...FOLDERS.flatMap(filesUnder)].map((name) => ({
    name,
    content: readFileSync(path.join(root, name), "utf8"),
  }));

const filesUnder = (/** @type {string} */ folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll(path.sep, "/")}`);

/**
 * The JSON of a bundle, in the order of the alphabet. Throws a sentence for a text that is not written out in the call.
 * @param {readonly {name: string, content: string}[]} files
 */
export function bundleOf(files) {
  /** @type {Map<string, Text>} */
  const texts = new Map(files.flatMap(textsOf));
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}

/** @returns {[string, Text][]} as VS Code's own tools do: a text with a comment has the comment in its key */
function textsOf(/** @type {{name: string, content: string}} */ { name, content }) {
  const file = ts.createSourceFile(name, content, ts.ScriptTarget.Latest, true);
  const importsT = file.statements.some(
    (statement) =>
      ts.isImportDeclaration(statement) &&
      MODULES.test(/** @type {ts.StringLiteral} */ (statement.moduleSpecifier).text),
  );
  /** @type {[string, Text][]} */
  const texts = [];
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isCallExpression(node) && isT(node.expression, importsT)) texts.push(textOf(node, file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return texts;
}

/** Is it `vscode.l10n.t` or an imported `t`? */
const isT = (/** @type {ts.Expression} */ called, /** @type {boolean} */ importsT) =>
  ts.isIdentifier(called) ? importsT && called.text === "t" : called.getText() === "vscode.l10n.t";

/** @returns {[string, Text]} */
function textOf(/** @type {ts.CallExpression} */ call, /** @type {ts.SourceFile} */ file) {
  const [first] = call.arguments;
  if (!first) throw unreadable(call, file);
  if (!ts.isObjectLiteralExpression(first)) {
    const message = literal(first, file);
    return [message, message];
  }
  const property = (/** @type {string} */ name) =>
    first.properties.filter(ts.isPropertyAssignment).find((each) => each.name.getText() === name)?.initializer;
  const message = literal(property("message") ?? first, file);
  const comment = property("comment");
  if (!comment) return [message, message];
  const comments = ts.isArrayLiteralExpression(comment)
    ? comment.elements.map((each) => literal(each, file))
    : [literal(comment, file)];
  return [`${message}/${comments.join("")}`, { message, comment: comments }];
}

/**
 * A string that is written out, in pieces put together with + where it is long.
 * @returns {string}
 */
function literal(/** @type {ts.Expression} */ node, /** @type {ts.SourceFile} */ file) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return literal(node.left, file) + literal(node.right, file);
  }
  throw unreadable(node, file);
}

function unreadable(/** @type {ts.Node} */ node, /** @type {ts.SourceFile} */ file) {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return new Error(`${file.fileName}:${line + 1}: a text is to be written out in its call, not ${node.getText()}.`);
}
