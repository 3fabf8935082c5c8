// Each kind of import that the rooms forbid, in a made-up tree, is told with its file and the rule.

import assert from "node:assert/strict";
import { problems } from "../../scripts/rooms.js";

/** A tree's files by name, and what is wrong with it. */
const wrong = (tree: Readonly<Record<string, string>>, known?: Parameters<typeof problems>[1]): string[] =>
  problems(
    Object.entries(tree).map(([name, content]) => ({ name, content })),
    known,
  );

const ENGINE = { "src/engine/client.ts": "export const client = 1; export interface Client {}" };
const BELOW = "text stands below engine, and imports only point down the list of rooms.";

describe("the rooms", () => {
  it("let imports point down", () => {
    const downwards = {
      ...ENGINE,
      "src/cli/program.ts": 'import { client } from "../engine/client.ts";',
      "src/cli.ts": 'import "./cli/program.ts"; import { version } from "../package.json";',
      "src/host/session.ts": 'import * as vscode from "vscode"; void import("../engine/client.ts");',
      "src/extension.ts": 'import * as vscode from "vscode"; import "./host/session.ts";',
      "src/runtime/onnxruntime.ts": 'export * from "onnxruntime-node";',
      "src/experiments/setting.ts": 'import type { x } from "../runtime/onnxruntime.ts";',
      "src/describe/words.ts": 'import type { x } from "../experiments/setting.ts"; import { t } from "@vscode/l10n";',
      "webview/panel.ts":
        'import type { Client } from "../src/engine/client.ts"; import { words } from "../src/describe/words.ts";',
      "test/text/words.test.ts": 'import "../../src/engine/client.ts"; import "vscode"; import "onnxruntime-node";',
    };
    assert.deepEqual(wrong(downwards), []);
  });

  const ways = {
    "a static import": 'import { client } from "../engine/client.ts";',
    "an import for its effect": 'import "../engine/client.ts";',
    "an import of types": 'import type { Client } from "../engine/client.ts";',
    "a type in its place": 'export type Other = import("../engine/client.ts").Client;',
    "a re-export": 'export { client } from "../engine/client.ts";',
    "a re-export of all": 'export * from "../engine/client.ts";',
    "a re-export of types": 'export type { Client } from "../engine/client.ts";',
    "a dynamic import": 'export const load = () => import("../engine/client.ts");',
    "another spelling": 'import "../text/../engine/client.js";',
  };
  for (const [way, line] of Object.entries(ways)) {
    it(`let none point up: ${way}`, () => {
      assert.deepEqual(wrong({ ...ENGINE, "src/text/words.ts": `// First line.\n${line}` }), [
        `src/text/words.ts:2 imports src/engine/client.ts: ${BELOW}`,
      ]);
    });
  }

  it("keep terminal and VS Code apart, their entries too", () => {
    const tree = {
      "src/cli/program.ts": "",
      "src/host/session.ts": 'import "../cli/program.ts";',
      "src/cli.ts": 'import type { Session } from "./host/session.ts";',
    };
    assert.deepEqual(wrong(tree), [
      "src/host/session.ts:1 imports src/cli/program.ts: cli and host do not know each other.",
      "src/cli.ts:1 imports src/host/session.ts: cli and host do not know each other.",
    ]);
    assert.deepEqual(wrong({ "src/cli/program.ts": "", "src/session/rows.ts": 'import "../cli/program.ts";' }), [
      "src/session/rows.ts:1 imports src/cli/program.ts: session stands below cli, and imports only point down the list of rooms.",
    ]);
  });

  it("let the page take values from src/describe alone", () => {
    const tree = { ...ENGINE, "webview/panel.ts": 'import { client } from "../src/engine/client.ts";' };
    assert.deepEqual(wrong(tree), [
      "webview/panel.ts:1 imports src/engine/client.ts: the page takes values from src/describe alone, else types.",
    ]);
    assert.deepEqual(wrong({ "webview/panel.ts": "", "src/host/page.ts": 'import "../../webview/panel.ts";' }), [
      "src/host/page.ts:1 imports webview/panel.ts: src does not know the page.",
    ]);
  });

  it("let experiments take types from runtime, and no values", () => {
    const tree = {
      "src/runtime/devices.ts": "",
      "src/experiments/spec.ts": 'import { DEVICES } from "../runtime/devices.ts";',
    };
    assert.deepEqual(wrong(tree), [
      "src/experiments/spec.ts:1 imports src/runtime/devices.ts: experiments takes only types from runtime.",
    ]);
  });

  it("have one place for VS Code and one for ONNX Runtime", () => {
    const tree = {
      "src/session/runs.ts": 'import type { Uri } from "vscode";',
      "src/runtime/compile.ts": 'export const load = () => import("onnxruntime-node");',
    };
    assert.deepEqual(wrong(tree), [
      "src/session/runs.ts:1 imports vscode: vscode is imported in src/host and src/extension.ts alone.",
      "src/runtime/compile.ts:1 imports onnxruntime-node: onnxruntime-node is imported in src/runtime/onnxruntime.ts alone.",
    ]);
  });

  it("keep src/describe free of Node, VS Code and zod, also through what it takes values from", () => {
    const tree = {
      "src/experiments/spec.ts": 'import * as z from "zod/mini";',
      "src/describe/words.ts": 'import { spec } from "../experiments/spec.ts"; import path from "path";',
    };
    const rule = "describe runs anywhere, without Node, VS Code and zod.";
    assert.deepEqual(wrong(tree), [
      `src/describe/words.ts imports node:path: ${rule}`,
      `src/describe/words.ts imports zod through src/experiments/spec.ts: ${rule}`,
    ]);
  });

  it("have no circles, within a room or across, of values or of types", () => {
    const circle = (...files: string[]) => `${files.join(" → ")} is a circle: imports go one way.`;
    const inside = {
      "src/text/a.ts": 'import type { B } from "./b.ts";',
      "src/text/b.ts": 'export const load = () => import("./c.ts");',
      "src/text/c.ts": 'export type { A } from "./a.ts";',
      "src/text/d.ts": 'import "./a.ts";',
    };
    assert.deepEqual(wrong(inside), [circle("src/text/a.ts", "src/text/b.ts", "src/text/c.ts", "src/text/a.ts")]);
    const across = { "src/text/a.ts": 'import "../engine/b.ts";', "src/engine/b.ts": 'import "../text/a.ts";' };
    assert.deepEqual(wrong(across), [
      `src/text/a.ts:1 imports src/engine/b.ts: ${BELOW}`,
      circle("src/text/a.ts", "src/engine/b.ts", "src/text/a.ts"),
    ]);
  });

  it("are all that src is made of", () => {
    assert.deepEqual(wrong({ "src/utilities/a.ts": "", "src/text/b.ts": 'import "../../scripts/ready.js";' }), [
      "src/text/b.ts:1 imports scripts/ready.js: what people run knows nothing of how it is made.",
      "src/utilities/a.ts is in no room: scripts/rooms.js lists them.",
    ]);
  });

  it("have one meaning for the name of a file, and of an exported type", () => {
    const tree = {
      "src/text/export.ts": "export interface Place {}",
      "src/engine/export.ts": "export type Place = 1;",
    };
    assert.deepEqual(wrong(tree), [
      "src/text/export.ts and src/engine/export.ts are named alike: a file's name says one thing.",
      "The type Place is exported by src/text/export.ts and src/engine/export.ts: one name, one meaning.",
    ]);
  });

  it("have no process in a unit test, and none in what helps it", () => {
    const rule = "a unit test starts no process and bundles nothing; name the file *.process.test.ts.";
    const tree = {
      "src/engine/client.ts": 'import { fork } from "node:child_process";',
      "test/engine/bundle.ts": 'import { build } from "esbuild"; import "../../src/engine/client.ts";',
      "test/engine/client.test.ts": 'import "./bundle.ts"; import "../../src/engine/client.ts";',
      "test/engine/client.process.test.ts": 'import "./bundle.ts"; import { spawn } from "node:child_process";',
      "test/gpu/card.test.ts": 'import { spawn } from "node:child_process";',
      "test/text/words.test.ts": 'import { spawn } from "child_process";',
    };
    assert.deepEqual(wrong(tree), [
      `test/engine/client.test.ts imports esbuild through test/engine/bundle.ts: ${rule}`,
      `test/text/words.test.ts imports node:child_process: ${rule}`,
    ]);
  });

  it("put up with what is known to be wrong, as long as it is", () => {
    const tree = { ...ENGINE, "src/text/words.ts": 'import "../engine/client.ts"; export interface Client {}' };
    const known = { imports: ["src/text/words.ts → src/engine/client.ts"], types: ["Client"] };
    assert.deepEqual(wrong(tree, known), []);
    assert.deepEqual(wrong({}, known), [
      "src/text/words.ts → src/engine/client.ts is gone: take it off the list of known imports in scripts/rooms.js.",
      "The type Client is one thing now: take it off the list of known types in scripts/rooms.js.",
    ]);
  });
});
