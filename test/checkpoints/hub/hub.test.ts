// Downloads from the Hugging Face hub, against a hub on this machine that keeps to the protocol and one that does not.

import assert from "node:assert/strict";
import { lstat, mkdir, readdir, readFile, readlink, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { downloadFileToCacheDir, scanCacheDir } from "@huggingface/hub";
import { fetchFromHub } from "../../../src/checkpoints/hub/hub.ts";
import { cachedSnapshot, deleteSnapshot, listHubCheckpoints } from "../../../src/checkpoints/hub/hub-cache.ts";
import { parseHubId } from "../../../src/checkpoints/hub/hub-id.ts";
import { checkedEndpoint, type HubSettings, hubSettings } from "../../../src/checkpoints/hub/hub-settings.ts";
import { openCheckpoint } from "../../../src/checkpoints/open.ts";
import { LabError } from "../../../src/common/errors.ts";
import type { Progress } from "../../../src/common/progress.ts";
import { configJson, safetensorsBytes, TINY, weightValues } from "../../support/checkpoint-folders.ts";
import { DEAD_PID } from "../../support/dead-process.ts";
import { type Fault, FAULTS, gitHash, HubServer, sha256 } from "../../support/hub-server.ts";
import { tokenizerOf } from "../../../src/text/checkpoint-tokenizer.ts";
import { loadTokenizer } from "../../../src/text/tokenizer.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const TOKEN = "hf_aVerySecretTokenOfAPerson";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const RETRY_POLICY = { attempts: 4, pauseMs: 1, silenceMs: 500 };

describe("the Hugging Face hub", () => {
  const newFolder = temporaryFolders();
  const config = Buffer.from(JSON.stringify(configJson(TINY)));
  const weights = safetensorsBytes(weightValues(TINY));
  let server: HubServer;
  let cacheFolder: string;
  let settings: HubSettings;

  before(async () => {
    server = await HubServer.start();
  });
  after(() => server.stop());
  beforeEach(async () => {
    cacheFolder = await newFolder();
    settings = { endpoint: server.endpoint, cacheFolder, offline: false };
    server.seen.length = 0;
    server.faults = [];
    server.apiFaults = [];
    server.pace = undefined;
    server.repositories.clear();
    add("owner/tiny", { "config.json": config, "model.safetensors": weights, "pytorch_model.bin": Buffer.alloc(9) });
  });

  function add(name: string, files: Record<string, Uint8Array>, rest: { token?: string; gated?: boolean } = {}): void {
    server.repositories.set(name, { commit: COMMIT, files: new Map(Object.entries(files)), ...rest });
  }
  const fetched = (source = "owner/tiny", options: Parameters<typeof fetchFromHub>[2] = {}, changes = {}) =>
    fetchFromHub(parseHubId(source)!, { ...settings, ...changes }, { retryPolicy: RETRY_POLICY, ...options });
  const refused = (work: Promise<unknown>, kind: string, sentence: RegExp) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof LabError, String(error));
      assert.equal(error.kind, kind, error.message);
      assert.match(error.message, sentence);
      assert.doesNotMatch(error.message, /hf_|words of the server/);
      return true;
    });
  const repository = () => path.join(cacheFolder, "models--owner--tiny");
  const blobs = () => readdir(path.join(repository(), "blobs")).then((names) => names.sort());
  const WHOLE = [gitHash(config), sha256(weights)].sort();
  const complete = async (folder: string) => {
    assert.deepEqual(new Uint8Array(await readFile(path.join(folder, "model.safetensors"))), weights);
    assert.deepEqual(await blobs(), WHOLE);
  };

  it("fills the person's cache in its own layout, with the weights and nothing that is not needed", async () => {
    const { commit, folder } = await fetched();
    assert.equal(commit, COMMIT);
    assert.equal(folder, path.join(repository(), "snapshots", COMMIT));
    await complete(folder);
    assert.deepEqual((await readdir(folder)).sort(), ["config.json", "model.safetensors"]);
    assert.equal(await readlink(path.join(folder, "model.safetensors")), `../../blobs/${sha256(weights)}`);
    assert.equal(await readFile(path.join(repository(), "refs", "main"), "utf8"), COMMIT);
  });

  it("brings the tokenizer too, so that no text is cut by another one", async () => {
    const json = Buffer.from('{"model":{"type":"Unigram"}}');
    add("owner/tiny", { "config.json": config, "model.safetensors": weights, "tokenizer.json": json });
    const options = { cacheFolder: path.join(cacheFolder, "lab"), initSeed: 0, hub: settings };
    const checkpoint = await openCheckpoint("owner/tiny", { blocks: 1 }, options);
    const tokenizer = await tokenizerOf(checkpoint, await loadTokenizer());
    assert.throws(
      () => tokenizer.encode("a"),
      /No text can be given to owner\/tiny: it has a tokenizer of its own \(tokenizer\.json\)/,
    );
  });

  it("leaves a cache in which Hugging Face's own library finds the files", async () => {
    const { folder } = await fetched();
    const { repos, warnings } = await scanCacheDir(cacheFolder);
    assert.deepEqual(warnings, []);
    assert.deepEqual(
      repos.map(({ id, size, revisions }) => [
        id.name,
        size,
        revisions.map(({ commitOid, refs }) => [commitOid, refs]),
      ]),
      [["owner/tiny", config.length + weights.length, [[COMMIT, ["main"]]]]],
    );
    server.seen.length = 0;
    const files = { repo: "owner/tiny", revision: COMMIT, cacheDir: cacheFolder, hubUrl: server.endpoint };
    for (const name of ["config.json", "model.safetensors"]) {
      assert.equal(await downloadFileToCacheDir({ ...files, path: name }), path.join(folder, name));
    }
    assert.equal(server.seen.length, 0, "nothing is asked for again");
  });

  it("opens a checkpoint by its id and uses the cache in place from then on, without a network", async () => {
    const open = (hub: HubSettings) =>
      openCheckpoint("owner/tiny", { blocks: 2 }, { cacheFolder: path.join(cacheFolder, "lab"), initSeed: 0, hub });
    const first = await open(settings);
    assert.equal(first.revision, COMMIT);
    assert.equal(first.source, "owner/tiny");
    assert.equal(first.folder, path.join(repository(), "blobs"));
    assert.equal(first.tensors.get("wte.weight")?.file, sha256(weights));
    const asked = server.seen.length;
    const again = await open({ ...settings, endpoint: "http://127.0.0.1:9" });
    assert.deepEqual([again.fingerprint, again.revision], [first.fingerprint, COMMIT]);
    assert.equal(server.seen.length, asked);
  });

  it("downloads shards, and the index that names them", async () => {
    const [one, two] = [weightValues(TINY).slice(0, 9), weightValues(TINY).slice(9)];
    const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const map = [one, two].flatMap((part, shard) => part.map(({ name }) => [name, names[shard]]));
    add("owner/sharded", {
      "config.json": config,
      "model.safetensors.index.json": Buffer.from(JSON.stringify({ weight_map: Object.fromEntries(map) as unknown })),
      [names[0]]: safetensorsBytes(one),
      [names[1]]: safetensorsBytes(two),
    });
    const hub = settings;
    const options = { cacheFolder: path.join(cacheFolder, "lab"), initSeed: 0, hub };
    const sharded = await openCheckpoint("owner/sharded", { blocks: 2 }, options);
    assert.equal(sharded.fingerprint, (await openCheckpoint("owner/tiny", { blocks: 2 }, options)).fingerprint);
  });

  it("tells bytes and speed, and ends with all bytes", async () => {
    server.pace = { bytes: 2000, pauseMs: 30 };
    const progress: Progress[] = [];
    await fetched("owner/tiny", { onProgress: (one) => progress.push(one) });
    const loading = progress.filter(
      ({ stage, total }) => stage === "Downloading owner/tiny" && total === weights.length,
    );
    assert.equal(loading.at(-1)?.done, weights.length);
    assert.ok(loading.length > 2);
    assert.ok(loading.some(({ bytesPerSecond }) => bytesPerSecond! > 0));
    const amounts = loading.map(({ done }) => done!);
    assert.deepEqual(
      amounts,
      amounts.toSorted((a, b) => a - b),
    );
  });

  describe("when the server", () => {
    const cases: [what: string, faults: (Fault | undefined)[], ranges: (string | undefined)[]][] = [
      ["drops the connection, goes on where it was", [FAULTS.drop(5000)], [undefined, "bytes=5000-"]],
      ["drops it before the first byte", [FAULTS.hangUp], [undefined, undefined]],
      [
        "drops it again and again, as long as it comes forward",
        [1, 2, 3, 4, 5, 6, 7].map(() => FAULTS.drop(1000)),
        [undefined, ...[1, 2, 3, 4, 5, 6, 7].map((n) => `bytes=${n}000-`)],
      ],
      ["answers 500", [FAULTS.status(500)], [undefined, undefined]],
      ["answers 429 and names a pause", [FAULTS.status(429, { "Retry-After": "0" })], [undefined, undefined]],
      ["says a wrong length", [FAULTS.wrongLength], [undefined, undefined]],
      ["sends too little", [FAULTS.tooLittle], [undefined, `bytes=${weights.length >> 1}-`]],
      ["sends another content, gets it once more", [FAULTS.otherContent], [undefined, undefined]],
      ["has no ranges", [FAULTS.drop(5000), FAULTS.noRanges], [undefined, "bytes=5000-"]],
      ["sends another range", [FAULTS.drop(5000), FAULTS.otherRange], [undefined, "bytes=5000-", "bytes=5000-"]],
      ["refuses the range", [FAULTS.drop(5000), FAULTS.status(416)], [undefined, "bytes=5000-", undefined]],
      ["falls silent", [FAULTS.silence], [undefined, undefined]],
    ];
    for (const [what, faults, ranges] of cases) {
      it(`${what}, the download succeeds`, async () => {
        server.faults = [...faults];
        await complete((await fetched()).folder);
        assert.deepEqual(server.ranges, ranges);
      });
    }

    const hopeless: [what: string, fault: Fault, kind: string, sentence: RegExp][] = [
      ["always drops the connection", FAULTS.drop(0), "network", /broke off or cannot be reached/],
      ["always answers 500", FAULTS.status(500), "network", /has trouble of its own \(500\): try again later/],
      ["always answers 429", FAULTS.status(429), "network", /asks for fewer requests \(429\)/],
      ["asks for an hour", FAULTS.status(429, { "Retry-After": "3600" }), "network", /wait 3600 s/],
      ["always says a wrong length", FAULTS.wrongLength, "network", /another length than it lists/],
      ["always sends too much", FAULTS.tooMuch, "network", /sent more of model\.safetensors than it has/],
      ["always sends another content", FAULTS.otherContent, "network", /another content than its hash says/],
      ["always falls silent", FAULTS.silence, "network", /has fallen silent/],
      ["sends the asker round and round", FAULTS.loop, "network", /cannot be reached/],
      ["answers 401", FAULTS.status(401), "access", /does not show owner\/tiny/],
      ["answers 404", FAULTS.status(404), "checkpoint", /There is no owner\/tiny on 127/],
      ["answers 418", FAULTS.status(418), "network", /answered 418/],
    ];
    for (const [what, fault, kind, sentence] of hopeless) {
      it(`${what}, the download fails with a sentence, and nothing looks like a checkpoint`, async () => {
        server.faults = Array.from({ length: 200 }, () => fault);
        await refused(fetched(), kind, sentence);
        assert.deepEqual(await readdir(path.join(repository(), "snapshots", COMMIT)), ["config.json"]);
        assert.deepEqual(await blobs(), [gitHash(config)]);
        assert.equal(await cachedSnapshot(cacheFolder, parseHubId("owner/tiny")!), undefined);
        server.faults = [];
        await complete((await fetched()).folder);
      });
    }

    it("stumbles over questions, they are asked again", async () => {
      server.apiFaults = [FAULTS.status(503), FAULTS.hangUp, undefined, FAULTS.status(500)];
      await complete((await fetched()).folder);
    });

    it("says things that are no hub's, it is told so", async () => {
      for (const answer of ["<html>", "[]", '{"sha":"../../x"}', "null"]) {
        server.apiFaults = [(_, response) => response.writeHead(200).end(answer)];
        await refused(fetched(), "network", /is not what a Hugging Face hub says/);
      }
    });

    it("is not there, it is told so", async () => {
      const other = await HubServer.start();
      const { endpoint } = other;
      await other.stop();
      await refused(fetched("owner/tiny", {}, { endpoint }), "network", /cannot be reached \(ECONNREFUSED\)/);
    });
  });

  describe("refuses", () => {
    it("what is not there, in words that leave open why", async () => {
      await refused(fetched("owner/none"), "access", /does not show owner\/none: check the name or, if it is private/);
      await refused(fetched("owner/none", {}, { token: TOKEN }), "checkpoint", /There is no owner\/none on/);
      await refused(fetched("owner/tiny@v9"), "checkpoint", /owner\/tiny has no revision v9/);
    });

    it("another architecture by its name, before its weights are downloaded", async () => {
      add("owner/llama", { "config.json": Buffer.from('{"model_type":"opt"}'), "model.safetensors": weights });
      await refused(fetched("owner/llama"), "checkpoint", /architecture is "opt"/);
      assert.deepEqual(server.ranges, []);
    });

    it("weights of other formats, naming them", async () => {
      add("owner/old", { "config.json": config, "pytorch_model.bin": weights, "tf_model.h5": weights });
      await refused(
        fetched("owner/old"),
        "checkpoint",
        /no weights in safetensors, only pytorch_model\.bin, tf_model\.h5/,
      );
    });

    it("what is gated", async () => {
      add("owner/gated", { "config.json": config, "model.safetensors": weights }, { gated: true });
      await refused(fetched("owner/gated"), "access", /is gated on .*: ask for access/);
    });

    it("what the disk has no room for, before a byte is written", async () => {
      server.apiFaults = [
        undefined,
        (_, response) =>
          response.writeHead(200, { "Content-Type": "application/json" }).end(
            JSON.stringify([
              { type: "file", path: "config.json", size: config.length, oid: gitHash(config) },
              { type: "file", path: "model.safetensors", size: 2 ** 50, oid: sha256(weights) },
            ]),
          ),
      ];
      await refused(fetched(), "storage", /owner\/tiny needs 1\.1 PB in .*, and only .* are free/);
      assert.deepEqual(server.ranges, []);
    });

    it("settings that make no sense, without repeating them", async () => {
      for (const endpoint of ["nonsense", "ftp://x", `http://me:${TOKEN}@127.0.0.1`]) {
        await refused(fetched("owner/tiny", {}, { endpoint }), "badInput", /HF_ENDPOINT is not the address/);
      }
      await refused(fetched("owner/tiny", {}, { token: `${TOKEN}\n` }), "badInput", /token has characters/);
    });

    it("to ask anybody offline", async () => {
      await refused(fetched("owner/tiny", {}, { offline: true }), "checkpoint", /owner\/tiny is not in .* offline/);
      assert.equal(server.seen.length, 0);
    });
  });

  describe("a token", () => {
    it("opens a private repository, and goes to the hub alone", async () => {
      add("owner/tiny", { "config.json": config, "model.safetensors": weights }, { token: TOKEN });
      await refused(fetched(), "access", /does not show owner\/tiny/);
      server.seen.length = 0;
      await complete((await fetched("owner/tiny", {}, { token: TOKEN })).folder);
      assert.ok(server.seen.some(({ store }) => store));
      for (const { store, authorization } of server.seen) {
        assert.equal(authorization, store ? undefined : `Bearer ${TOKEN}`);
      }
    });

    it("is read from the file that `hf auth login` writes", async () => {
      add("owner/tiny", { "config.json": config, "model.safetensors": weights }, { token: TOKEN });
      const tokenFile = path.join(await newFolder(), "token");
      await writeFile(tokenFile, `${TOKEN}\n`);
      await complete((await fetched("owner/tiny", {}, { tokenFile })).folder);
    });
  });

  describe("a download that was stopped", () => {
    it("keeps what it has, and goes on from there", async () => {
      server.pace = { bytes: 1000, pauseMs: 50 };
      const stop = new AbortController();
      const onProgress = ({ done = 0, total = 0 }: Progress) => {
        if (total === weights.length && done > 0) stop.abort();
      };
      await refused(fetched("owner/tiny", { signal: stop.signal, onProgress }), "cancelled", /stopped/);
      const partial = path.join(repository(), "blobs", `${sha256(weights)}.inversion-lab.incomplete`);
      const { size } = await stat(partial);
      assert.ok(size > 0 && size < weights.length);
      const [{ source, complete: whole, bytes }] = await listHubCheckpoints(cacheFolder);
      assert.deepEqual([source, whole, bytes], ["owner/tiny", false, config.length + size]);
      server.pace = undefined;
      await complete((await fetched()).folder);
      assert.equal(server.ranges.at(-1), `bytes=${size}-`);
    });

    it("is thrown away where its content is not the file's", async () => {
      const folder = path.join(repository(), "blobs");
      await mkdir(folder, { recursive: true });
      const partial = path.join(folder, `${sha256(weights)}.inversion-lab.incomplete`);
      await writeFile(partial, Buffer.alloc(100, 7));
      await complete((await fetched()).folder);
      assert.deepEqual(server.ranges, ["bytes=100-", undefined]);
      await rm(path.join(folder, sha256(weights)));
      await writeFile(partial, Buffer.alloc(weights.length + 1));
      await complete((await fetched()).folder);
    });
  });

  describe("two at once", () => {
    it("download once", async () => {
      server.pace = { bytes: 4000, pauseMs: 20 };
      const stages = new Set<string>();
      const both = await Promise.all(
        [1, 2].map(() => fetched("owner/tiny", { onProgress: ({ stage }) => stages.add(stage) })),
      );
      await complete(both[0].folder);
      assert.deepEqual(server.ranges, [undefined]);
      assert.ok(stages.has("Waiting for another download of owner/tiny"));
    });

    it("do not wait for one that is gone", async () => {
      const folder = path.join(repository(), "blobs");
      await mkdir(folder, { recursive: true });
      const lock = path.join(folder, `${sha256(weights)}.inversion-lab.lock`);
      const { hostname } = await import("node:os");
      await writeFile(lock, JSON.stringify({ host: hostname(), pid: DEAD_PID }));
      await complete((await fetched()).folder);

      await rm(path.join(folder, sha256(weights)));
      await writeFile(lock, JSON.stringify({ host: "external", pid: 1 }));
      const longAgo = new Date(Date.now() - 120_000);
      await utimes(lock, longAgo, longAgo);
      await complete((await fetched()).folder);
    });
  });

  describe("a cache that another tool has filled", () => {
    it("is listed: revisions, sizes, what is whole and what is not, GPT-2 only", async () => {
      await fetched();
      add("owner/other", { "config.json": Buffer.from('{"model_type":"bert"}') });
      await mkdir(path.join(cacheFolder, "models--owner--bert", "snapshots", COMMIT), { recursive: true });
      await writeFile(
        path.join(cacheFolder, "models--owner--bert", "snapshots", COMMIT, "config.json"),
        '{"model_type":"bert"}',
      );
      const half = path.join(cacheFolder, "models--gpt2", "snapshots", COMMIT);
      await mkdir(half, { recursive: true });
      await writeFile(path.join(half, "config.json"), config);
      await mkdir(path.join(cacheFolder, "datasets--x--y"));
      assert.deepEqual(await listHubCheckpoints(cacheFolder), [
        {
          ...{ kind: "hub", source: half, revision: COMMIT, refs: [], folder: half, bytes: config.length },
          ...{ blocks: [], allBlocks: 2, complete: false },
        },
        {
          ...{ kind: "hub", source: "owner/tiny", revision: COMMIT, refs: ["main"] },
          ...{ folder: path.join(repository(), "snapshots", COMMIT), bytes: config.length + weights.length },
          ...{ blocks: [0, 1], allBlocks: 2, complete: true },
        },
      ]);
      assert.deepEqual(await listHubCheckpoints(path.join(cacheFolder, "none")), []);
    });

    it("gets only what it lacks", async () => {
      await fetched();
      await rm(path.join(repository(), "snapshots", COMMIT, "model.safetensors"));
      await complete((await fetched()).folder);
      assert.equal(server.ranges.length, 1, "the blob was there");
      await truncate(path.join(repository(), "blobs", sha256(weights)), 10);
      await complete((await fetched()).folder);
    });

    it("follows a branch when it is asked to, and keeps the old commit", async () => {
      await fetched();
      const moved = "f".repeat(40);
      const other = safetensorsBytes(weightValues(TINY, ""));
      server.repositories.set("owner/tiny", {
        commit: moved,
        files: new Map(Object.entries({ "config.json": config, "model.safetensors": other })),
      });
      const main = parseHubId("owner/tiny")!;
      assert.equal((await cachedSnapshot(cacheFolder, main))?.commit, COMMIT, "until somebody asks");
      assert.equal((await fetched()).commit, moved);
      assert.equal((await cachedSnapshot(cacheFolder, main))?.commit, moved);
      assert.equal((await cachedSnapshot(cacheFolder, parseHubId(`owner/tiny@${COMMIT}`)!))?.commit, COMMIT);
      const sources = (await listHubCheckpoints(cacheFolder)).map(({ source }) => source);
      assert.deepEqual(sources, [`owner/tiny@${COMMIT}`, "owner/tiny"]);

      const [old] = await listHubCheckpoints(cacheFolder);
      await deleteSnapshot(old);
      assert.deepEqual(await blobs(), [gitHash(config), sha256(other)].sort(), "shared blobs stay");
      assert.equal((await cachedSnapshot(cacheFolder, main))?.commit, moved);
      await deleteSnapshot((await listHubCheckpoints(cacheFolder))[0]);
      await assert.rejects(lstat(repository()));
    });
  });

  it("finds cache, token and hub where Python's library does", () => {
    const at = (env: NodeJS.ProcessEnv) => hubSettings(env, "linux", "/home/me");
    assert.deepEqual(at({}), {
      endpoint: "https://huggingface.co",
      cacheFolder: "/home/me/.cache/huggingface/hub",
      tokenFile: "/home/me/.cache/huggingface/token",
      offline: false,
    });
    assert.equal(at({ XDG_CACHE_HOME: "/x" }).cacheFolder, "/x/huggingface/hub");
    assert.equal(at({ XDG_CACHE_HOME: "/x", HF_HOME: "~/hf" }).cacheFolder, "/home/me/hf/hub");
    assert.equal(at({ HF_HOME: "/hf", HUGGINGFACE_HUB_CACHE: "/old" }).cacheFolder, "/old");
    assert.equal(at({ HF_HOME: "/hf", HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new" }).cacheFolder, "/new");
    assert.equal(at({ HF_HOME: "/hf" }).tokenFile, "/hf/token");
    assert.equal(at({ HF_HOME: "/hf", HF_TOKEN_PATH: "/t" }).tokenFile, "/t");
    assert.equal(at({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }).tokenFile, undefined);
    assert.equal(at({ HF_TOKEN: " hf_x\n" }).token, "hf_x");
    assert.equal(at({ HF_ENDPOINT: "http://mirror/" }).endpoint, "http://mirror");
    assert.equal(at({ HF_HUB_OFFLINE: "yes" }).offline, true);
  });

  it("speaks plain http with this machine alone", () => {
    const checked = (endpoint: string) => checkedEndpoint({ endpoint, cacheFolder: "/", offline: false });
    for (const host of ["localhost:8", "hub.localhost", "127.0.0.1:80", "127.1.2.3", "[::1]:8"]) {
      assert.ok(checked(`http://${host}/x`));
    }
    for (const host of ["hub", "10.0.0.1", "127.0.0.1.example.org", "localhost.example.org", "0.0.0.0", "[::]"]) {
      assert.throws(() => checked(`http://${host}`), /is to begin with https/, host);
      assert.ok(checked(`https://${host}`));
    }
  });

  it("knows an id from a path", () => {
    for (const [source, repository, revision] of [
      ["openai-community/gpt2", "openai-community/gpt2", "main"],
      ["a/b@v1.0", "a/b", "v1.0"],
      ["a/b@refs/pr/1", "a/b", "refs/pr/1"],
      [`a/b@${COMMIT}`, "a/b", COMMIT],
    ]) {
      assert.deepEqual(parseHubId(source), { repository, revision });
    }
    for (const source of [
      ...["gpt2", "./a/b", "../a", "/a/b", "~/a", "a/b/c", "a\\b", "a/b@", "a/b@../x", "a/b@/x", "a/b@x//y", "a/b@x/"],
      ...["a/b@x\\y", "a--b/c", "a/b..c", "random:a/b", "-a/b", "a/-b", "a/b.", "a b/c", "C:/a"],
    ]) {
      assert.equal(parseHubId(source), undefined, source);
    }
  });
});
