// The Model Context Protocol server as a program meets it: the official client, over the real protocol, hostile arguments
// among others.

import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import fc from "fast-check";
import { readSafetensorsHeader } from "../../src/checkpoints/safetensors.ts";
import { ensureBuilt, root } from "../../scripts/ready.js";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** A network that is made, fitted and inverted in a second or two. */
const SMALL = "random:mini?n_embd=32&n_head=2&n_layer=2";

interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly uri?: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

describe("inversion-lab mcp", function () {
  this.timeout(300_000);
  const newFolder = temporaryFolders();
  let client: Client;
  let allowed: string;
  let log = "";
  before(async () => {
    await ensureBuilt();
    const folder = await newFolder();
    allowed = path.join(folder, "allowed");
    await mkdir(allowed);
    await writeFile(path.join(folder, "secret.npy"), "");
    await symlink(folder, path.join(allowed, "out"));
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [path.join(root, "dist/cli.cjs"), "mcp", "--cache", path.join(folder, "cache"), "--allow", allowed],
      env: { ...process.env, HF_HOME: path.join(folder, "hub") },
      stderr: "pipe",
    });
    transport.stderr!.on("data", (chunk: Buffer) => (log += chunk.toString()));
    client = new Client({ name: "test", version: "1" });
    await client.connect(transport);
  });
  after(() => client.close());

  const call = async (name: string, args: Record<string, unknown>, options = {}) =>
    (await client.callTool({ name, arguments: args }, undefined, { timeout: 280_000, ...options })) as Answer;
  const textOf = ({ content }: Answer): string => content[0].text!;
  const refused = async (name: string, args: Record<string, unknown>, sentence: RegExp) => {
    const answer = await call(name, args);
    assert.ok(answer.isError, JSON.stringify(args));
    assert.match(textOf(answer), sentence);
    assert.doesNotMatch(textOf(answer), /\n\s+at /);
  };

  it("has the tools of the commands, with the fields of the spec", async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      [
        ...["invert", "exact", "walk", "list_checkpoints", "tokenize", "states", "list_runs", "get_run"],
        "compare_runs",
      ],
    );
    const invert = tools[0].inputSchema as { properties: Record<string, { default?: unknown }>; required: string[] };
    assert.deepEqual(invert.required, ["prompt"]);
    assert.equal(invert.properties["blocks"].default, 1);
    assert.ok(JSON.stringify(tools).length < 60_000, "a context has to hold them");
  });

  it("tokenizes, and lists the checkpoints", async () => {
    const { structuredContent } = await call("tokenize", { text: "The sky" });
    assert.deepEqual(structuredContent, { tokenIds: [464, 6766], tokens: ["The", " sky"] });
    assert.deepEqual((await call("list_checkpoints", {})).structuredContent!["bundled"], ["mini"]);
  });

  it("inverts with progress, records the run, and gives it as resources", async () => {
    const progress: number[] = [];
    const request = { prompt: "The sky is blue.", checkpoint: SMALL, iterations: 400, learningRate: 0.01 };
    const answer = await call("invert", request, {
      onprogress: (told: { progress: number }) => progress.push(told.progress),
    });
    assert.ok(!answer.isError, textOf(answer));
    const { run, status } = answer.structuredContent as { run: string; status: string };
    assert.equal(status, "completed");
    assert.ok(progress.length > 0 && progress.every((share) => share >= 0 && share <= 1));
    const links = answer.content.flatMap(({ type, uri }) => (type === "resource_link" ? [uri!] : []));
    assert.equal(links.length, 3);
    for (const uri of links) {
      const { contents } = await client.readResource({ uri });
      assert.ok("text" in contents[0] && contents[0].text.length > 100, uri);
    }
    const { runs } = (await call("list_runs", { search: "sky" })).structuredContent as { runs: { run: string }[] };
    assert.equal(runs[0].run, run);
    assert.match(textOf(await call("get_run", { run })), /The sky is blue\./);
    const { resources } = await client.listResources();
    assert.equal(resources[0].name, run);
  });

  it("walks, saves states, recovers their text, and compares", async () => {
    const walk = { method: "clampedWalk", prompt: "The sky", checkpoint: SMALL, iterations: 20 };
    const walked = await call("walk", walk);
    assert.ok(!walked.isError, textOf(walked));
    const saved = await call("states", { prompt: "The sky", blocks: [1, 2], file: "s.safetensors", checkpoint: SMALL });
    assert.ok(!saved.isError, textOf(saved));
    const { tensors } = await readSafetensorsHeader(path.join(allowed, "s.safetensors"));
    assert.deepEqual([...tensors.keys()], ["hidden_states.1", "hidden_states.2"]);
    const exact = await call("exact", { states: "s.safetensors", blocks: 2 });
    assert.ok(!exact.isError, textOf(exact));
    assert.equal(exact.structuredContent!["text"], "The sky");
    assert.deepEqual(exact.structuredContent!["certainty"], ["proved", "proved"]);
    const runs = [walked, exact].map(({ structuredContent }) => structuredContent!["run"] as string);
    assert.match(textOf(await call("compare_runs", { runs })), /method/);
    assert.match(textOf(await call("states", { prompt: "x", blocks: [1], file: "s.safetensors" })), /is there already/);
  });

  it("stops a run that is cancelled, and goes on serving", async () => {
    const stop = new AbortController();
    const long = call(
      "invert",
      { prompt: "The sky is blue.", checkpoint: SMALL, iterations: 1_000_000, every: 100 },
      { signal: stop.signal, onprogress: () => stop.abort() },
    );
    await assert.rejects(long);
    assert.ok(!(await call("tokenize", { text: "a" })).isError);
    const quick = await call("invert", { prompt: "a", checkpoint: SMALL, iterations: 1 });
    assert.ok(!quick.isError, textOf(quick));
  });

  it("reads and writes only where it is allowed to, and downloads nothing", async () => {
    for (const file of ["../secret.npy", "out/secret.npy", "/etc/passwd", `${allowed}x/a.npy`]) {
      await refused(
        "exact",
        { states: file, checkpoint: "mini", blocks: 1 },
        /is in no folder that this server may use/,
      );
      await refused("exact", { prompt: "a", checkpoint: "mini", fitText: file }, /is in no folder/);
      await refused("states", { prompt: "a", blocks: [1], file }, /is in no folder/);
    }
    for (const checkpoint of ["/etc", "../x", "random:/etc/config.json"]) {
      await refused("invert", { prompt: "a", checkpoint }, /is in no folder/);
    }
    await refused("invert", { prompt: "a", checkpoint: "owner/name" }, /the hub is not asked offline/);
    for (const run of ["../../x", "..", "a/b", "none"])
      await refused("get_run", { run }, /is no name of a run|There is no run/);
    for (const uri of ["file:///etc/passwd", "inversion-lab-run://..%2Fx.md", "inversion-lab-run://none.md"]) {
      await assert.rejects(client.readResource({ uri }));
    }
  });

  it("answers a thousand broken calls with an error each, and lives", async () => {
    const names = (await client.listTools()).tools.map(({ name }) => name);
    const anything = fc.dictionary(
      fc.constantFrom(
        "prompt",
        "blocks",
        "checkpoint",
        "run",
        "runs",
        "file",
        "text",
        "limit",
        "states",
        "method",
        "__proto__",
        "x",
      ),
      fc.oneof(
        fc.constantFrom(
          null,
          -1,
          1e308,
          "",
          "/dev/zero",
          "\u202e\u0000",
          [],
          {},
          [["a"]],
          { toString: 1 },
          "x".repeat(5000),
        ),
        fc.string(),
      ),
      { maxKeys: 4 },
    );
    const calls = fc.sample(fc.tuple(fc.constantFrom(...names, "none", "__proto__"), anything), {
      numRuns: 1000,
      seed: 7,
    });
    let errors = 0;
    for (const [name, args] of calls) {
      // What may be a right call is not asked: it would be answered.
      const broken = { ...args, blocks: -1, nothing: 1 };
      const answer = await call(name, broken).catch((error: unknown) => ({
        isError: true,
        content: [{ type: "text", text: String(error) }],
      }));
      assert.ok(answer.isError, name);
      assert.doesNotMatch(textOf(answer), /TypeError|\n\s+at /);
      errors++;
    }
    assert.equal(errors, 1000);
    assert.ok(!(await call("tokenize", { text: "a" })).isError);
    assert.doesNotMatch(log, /\n\s+at /, "no defect was logged");
  });
});
