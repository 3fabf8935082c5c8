// What the extension costs everybody, whether they use it or not: it is activated in every window.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const EXTENSION = path.join(import.meta.dirname, "../../dist/extension.cjs");

/** Loads the bundle and activates it under an API that does nothing, in a process that has loaded nothing else. */
const PROGRAM = `
const Module = require("node:module");
const nothing = () => new Proxy(function () {}, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => "" : name === "then" ? undefined : nothing()),
  apply: () => nothing(),
  construct: () => nothing(),
});
const names = ["window", "commands", "workspace", "languages", "l10n", "env", "Disposable", "EventEmitter", "Range", "CodeLens"];
const vscode = Object.fromEntries(names.map((name) => [name, nothing()]));
vscode.version = process.argv.includes("newer") ? "1.101.0" : "1.100.3";
const load = Module._load;
Module._load = (request, ...rest) => (request === "vscode" ? vscode : load(request, ...rest));
const subscriptions = [];
const context = {
  subscriptions,
  extension: { id: "a.b" },
  extensionUri: {},
  workspaceState: { get: (_, otherwise) => otherwise },
};
const offered = [];
if (process.argv.length > 2) {
  vscode.lm = { registerMcpServerDefinitionProvider: (id, provider) => offered.push([id, provider]) };
  vscode.McpStdioServerDefinition = class { constructor(...given) { this.given = given; } };
  vscode.Uri = { joinPath: (base, ...parts) => ({ fsPath: [base, ...parts].join("/") }) };
  const workspace = {
    isTrusted: true,
    workspaceFolders: [{ uri: { scheme: "file", fsPath: "/work space" } }, { uri: { scheme: "vfs", fsPath: "/x" } }],
    getConfiguration: () => ({ get: (name) => (name === "cacheFolder" ? "/cache" : undefined) }),
  };
  const others = nothing();
  vscode.workspace = new Proxy(workspace, { get: (own, name) => (name in own ? own[name] : others[name]) });
  context.extensionUri = "/extension";
  context.extension.packageJSON = { version: "9" };
}
require(${JSON.stringify(EXTENSION)}).activate(context);
const files = Object.keys(require.cache).map((file) => require("node:path").basename(file));
const servers = offered.flatMap(([id, provider]) => provider.provideMcpServerDefinitions().map(({ given }) => [id, ...given]));
console.log(JSON.stringify({ registered: subscriptions.length, files, servers }));
`;

interface Activation {
  readonly registered: number;
  /** Modules that were loaded. */
  readonly files: readonly string[];
  /** What VS Code would start for its agents. */
  readonly servers: readonly (readonly unknown[])[];
}

describe("the extension's activation", () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-activation-"))));
  after(() => rm(folder, { recursive: true }));

  it("loads nothing but the extension", async () => {
    const program = path.join(folder, "activate.cjs");
    await writeFile(program, PROGRAM);
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    const { registered, files } = JSON.parse(stdout) as Activation;
    assert.ok(registered > 10);
    assert.deepEqual(files, ["activate.cjs", "extension.cjs"]);
  });

  it("offers the server for agents where VS Code takes such, with the folders of a trusted workspace", async () => {
    const program = path.join(folder, "activate.cjs");
    await writeFile(program, PROGRAM);
    const { stdout } = await promisify(execFile)(process.execPath, [program, "newer"]);
    const { servers } = JSON.parse(stdout) as Activation;
    const args = ["/extension/dist/cli.cjs", "mcp", "--cache", "/cache", "--allow", "/work space"];
    const env = { ELECTRON_RUN_AS_NODE: "1" };
    const older = await promisify(execFile)(process.execPath, [program, "older"]);
    assert.deepEqual((JSON.parse(older.stdout) as Activation).servers, [], "1.100 throws for it");
    assert.deepEqual(servers, [["inversionLab", "Inversion Lab", process.execPath, args, env, "9"]]);
  });
});
