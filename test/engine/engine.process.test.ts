// The engine process and its client, with real processes around a runner that does as the prompt tells it.

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { getEventListeners, once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError, type LabErrorKind } from "../../src/common/errors.ts";
import { EngineClient, type EngineOptions } from "../../src/engine/client.ts";
import type { RunOptions } from "../../src/experiments/run-experiment.ts";
import type { Progress } from "../../src/common/progress.ts";
import type { FromEngine, ToEngine } from "../../src/engine/messages.ts";
import { PauseSwitch } from "../../src/engine/pause-switch.ts";
import { serve } from "../../src/engine/server.ts";
import type { RunEmbeddings } from "../../src/experiments/run-embeddings.ts";
import type { RunEvent } from "../../src/experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../../src/experiments/spec.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";
import { until } from "../vscode/until.ts";
import { bundleFakeEngine, type FakeEngine } from "./fixtures/fake-engine.ts";
import { ExperimentRunner } from "./fixtures/fake-experiment-runner.ts";

const specOf = (prompt: string, iterations = 200) => parseSpec({ prompt, iterations, every: 1 });

async function all(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const list: RunEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

/** Asserts that the promise is rejected by a LabError of this kind with such a message. */
async function rejects(promise: Promise<unknown>, kind: LabErrorKind, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof LabError, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  });
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("engine", () => {
  let engine: FakeEngine;
  const clients: EngineClient[] = [];
  const children: ChildProcess[] = [];
  const folder = temporaryFolders();

  const recordingFork = ((...args: Parameters<typeof fork>) => {
    const child = fork(...args);
    children.push(child);
    return child;
  }) as typeof fork;

  const client = (options: Partial<EngineOptions> = {}): EngineClient => {
    const made = new EngineClient({
      modulePath: engine.modulePath,
      cacheFolder: "/nowhere",
      fork: recordingFork,
      ...options,
    });
    clients.push(made);
    return made;
  };

  before(async () => {
    engine = await bundleFakeEngine();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((made) => made.dispose()));
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });
  after(() => engine.remove());

  describe("a run", () => {
    it("gives its events in order, from start to end", async () => {
      const events = await all(client().run(specOf("The sky", 10)));
      assert.equal(events[0].type, "start");
      assert.deepEqual(
        events.slice(1, -1).map((event) => event.type === "step" && event.iteration),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
      assert.equal(events.at(-1)?.type, "end");
    });

    it("loses none of 10,000 events, and keeps their order", async () => {
      const events = await all(client().run(specOf("x", 9_999)));
      assert.equal(events.length, 10_002);
      events.slice(1, -1).forEach((event, n) => assert.equal(event.type === "step" && event.iteration, n));
    });

    it("waits for a reader that is 256 events behind, and goes on with it", async () => {
      let made = 0;
      const onProgress = ({ stage, done }: Progress) => (made = stage === "made" ? done! : made);
      const events = client().run(specOf("rush"), { onProgress });
      await events.next();
      await until("it has made what it may make for nobody", () => made > 250);
      await sleep(100);
      assert.ok(made < 260, `made ${made} events for nobody`);
      const rest = await all(events);
      assert.equal(rest.length, 2001);
    });

    it("keeps a text as it is, be it emoji, a line separator or half a surrogate pair", async () => {
      const text = "\u{1f308} \u2028\u0085\u0000 \ud83c x";
      const [start] = await all(client().run(specOf(text, 1)));
      assert.equal(start.type === "start" && start.spec.prompt, text);
    });

    it("hands its embeddings, before its end, to whoever asks for them", async () => {
      const told: string[] = [];
      const spec = { ...specOf("ab", 1), restarts: 3 };
      const onEmbeddings = ({ restarts, best }: RunEmbeddings) => told.push(`${restarts}: ${best.join(" ")}`);
      for await (const { type } of client().run(spec, { onEmbeddings })) if (type === "end") told.push(type);
      assert.deepEqual(told, ["3: 97 0 98 0 97 1 98 1 97 2 98 2", "end"]);
      await all(client().run(spec));
    });

    it("tells its progress", async () => {
      const stages: Progress[] = [];
      await all(client().run(specOf("x", 1), { onProgress: (progress) => stages.push(progress) }));
      assert.deepEqual(stages, [{ stage: "Opening the network", done: 1, total: 2 }]);
    });

    it("fails with the runner's own error", async () => {
      const events: RunEvent[] = [];
      const run = async () => {
        for await (const event of client().run(specOf("fail checkpoint"))) events.push(event);
      };
      await rejects(run(), "checkpoint", /^The run failed with checkpoint\.$/);
      assert.equal(events.length, 1, "what came before the error is delivered");
    });

    it("that has lost its device keeps its events, and the next run has a new process", async () => {
      const reader = client();
      const events: RunEvent[] = [];
      await rejects(
        (async () => {
          for await (const event of reader.run(specOf("fail device"))) events.push(event);
        })(),
        "device",
        /The run failed with device/,
      );
      assert.deepEqual(
        events.map(({ type }) => type),
        ["start"],
      );
      assert.equal((await all(reader.run(specOf("next", 3)))).at(-1)?.type, "end");
      assert.equal(children.length, 2);
    });

    it("fails with an error of kind engine when the runner has a defect, and the log has its stack", async () => {
      const lines: string[] = [];
      const run = client({ onLog: (line) => lines.push(line) });
      await rejects(all(run.run(specOf("bug"))), "engine", /undefined is not a network/);
      await until("the stack", () => lines.some((line) => /^ +at .*run/.test(line)));
    });

    it("fails when the runner ends without a result", async () => {
      await rejects(all(client().run(specOf("silent"))), "engine", /without a result/);
    });

    it("fails as bad input when its spec is none", async () => {
      const spec = { ...specOf("x"), iterations: -1 };
      await rejects(all(client().run(spec)), "badInput", /iterations is -1/);
    });
  });

  describe("two runs at once", () => {
    it("makes things ready only while there is no run", async () => {
      const told: FromEngine[] = [];
      const idle: AbortSignal[] = [];
      let tell: (message: unknown) => void = () => undefined;
      const channel = {
        onMessage: (listener: (message: unknown) => void) => (tell = listener),
        send: (message: FromEngine) => void told.push(message),
      };
      const experimenter = {
        async *run() {
          yield { type: "end" } as RunEvent;
        },
        whileIdle: (signal: AbortSignal) => {
          idle.push(signal);
          return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        },
      };
      serve(
        channel,
        () => Promise.resolve(experimenter),
        (problem) => assert.fail(String(problem)),
        () => 0,
      );
      const runs = () => told.filter(({ type }) => type === "event").length;
      for (const runId of ["a", "b"]) tell({ type: "run", runId, spec: specOf("x"), embeddings: false });
      await until("it is idle", () => idle.length === 1);
      assert.equal(runs(), 2);
      assert.ok(!idle[0].aborted);
      tell({ type: "run", runId: "c", spec: specOf("x"), embeddings: false });
      assert.ok(idle[0].aborted);
      await until("the run is over", () => runs() === 3);
      await until("it is idle again", () => idle.length === 2);
    });

    it("are carried out one after the other by one process, and the second says that it waits", async () => {
      const both = client();
      const controller = new AbortController();
      const stages: string[] = [];
      const first = all(both.run(specOf("wait"), { signal: controller.signal }));
      const second = all(both.run(specOf("second", 3), { onProgress: ({ stage }) => stages.push(stage) }));
      await until("the second to say something", () => stages.length > 0);
      await sleep(100);
      assert.deepEqual(stages, ["Queued behind another run"]);
      controller.abort();
      assert.equal((await first).at(-1)?.type, "end");
      assert.equal((await second).length, 6);
      assert.deepEqual(stages, ["Queued behind another run", "Opening the network"]);
      assert.equal(children.length, 1);
    });

    it("can be stopped while they wait, at once", async () => {
      const both = client();
      const first = both.run(specOf("wait"));
      await first.next();
      const controller = new AbortController();
      const second = all(both.run(specOf("second"), { signal: controller.signal }));
      await sleep(20);
      controller.abort();
      await rejects(second, "cancelled", /before it began/);
      assert.equal((await first.next()).done, false, "the first run goes on");
    });

    it("can be stopped while they wait for one that hangs, and the process is left to that one", async () => {
      const both = client({ cancelTimeoutMs: 200 });
      await both.run(specOf("hang")).next();
      const controller = new AbortController();
      const second = all(both.run(specOf("second"), { signal: controller.signal }));
      controller.abort();
      await rejects(second, "cancelled", /before it began/);
      await sleep(500);
      assert.ok(isRunning(children[0].pid!));
    });
  });

  describe("pausing", () => {
    /** Reads a run in the background. */
    const follow = (spec: ExperimentSpec, options: RunOptions = {}, of = client()) => {
      const pause = new PauseSwitch();
      const events: RunEvent[] = [];
      let pauses = 0;
      const run = async () => {
        for await (const event of of.run(spec, { ...options, pause, onPaused: () => pauses++ })) events.push(event);
      };
      const done = run();
      done.catch(() => undefined);
      const paused = (count: number) => until(`${count} pauses`, () => pauses === count);
      return { pause, events, done, paused, pauses: () => pauses };
    };

    it("holds a run until it is to go on", async () => {
      const controller = new AbortController();
      const { pause, events, done, paused } = follow(specOf("wait"), { signal: controller.signal });
      await until("it makes some steps", () => events.length > 3);
      pause.pause();
      await paused(1);
      const shown = events.length;
      await sleep(300);
      assert.equal(events.length, shown);
      pause.resume();
      await until("it makes more steps", () => events.length > shown + 3);
      controller.abort();
      await done;
      assert.equal(events.at(-1)?.type, "end");
    });

    it("gets the hub's token in a message, and hands it on to no other program", async () => {
      const modulePath = path.join(await folder(), "engine.cjs");
      await writeFile(
        modulePath,
        `process.on("message", (message) => {
          console.error(JSON.stringify({ message, inherited: JSON.stringify(process.env).includes("hf_secret") }));
        });`,
      );
      process.env.HF_TOKEN = "hf_secret_of_the_parent";
      try {
        const lines: string[] = [];
        const onLog = (line: string) => void lines.push(line);
        const client = new EngineClient({ modulePath, cacheFolder: "/", hubToken: "hf_secret", onLog });
        clients.push(client);
        client.start();
        await until("the token has come", () => lines.length > 0);
        const message = { type: "hubToken", token: "hf_secret" };
        assert.deepEqual(JSON.parse(lines[0]), { message, inherited: false });
      } finally {
        delete process.env.HF_TOKEN;
      }
    });

    it("lets time stand still for the run", async () => {
      let clock = 1000;
      let tell: (message: ToEngine) => void = () => assert.fail("The engine does not listen.");
      const told: FromEngine[] = [];
      const has = (type: FromEngine["type"]) =>
        until(`it tells ${type}`, () => told.some((each) => each.type === type));
      const channel = {
        onMessage: (listener: (message: unknown) => void) => (tell = listener),
        send(message: FromEngine) {
          told.push(message);
          if (message.type === "event") queueMicrotask(() => tell({ type: "taken", runId: message.runId }));
        },
      };
      serve(
        channel,
        async () => new ExperimentRunner({ cacheFolder: "" }),
        (problem) => assert.fail(String(problem)),
        () => clock,
      );
      tell({ type: "run", runId: "a", spec: specOf("wait"), embeddings: false });
      await has("event");
      clock += 5;
      tell({ type: "pause", runId: "a" });
      await has("paused");
      clock += 3_600_000;
      const shown = told.length;
      tell({ type: "resume", runId: "a" });
      await until("it goes on", () => told.length > shown);
      clock += 7;
      tell({ type: "cancel", runId: "a" });
      const ends = () => told.flatMap((each) => (each.type === "event" && each.event.type === "end" ? each.event : []));
      await until("it ends", () => ends().length === 1);
      assert.equal(ends()[0].elapsedMs, 12);
    });

    it("again and again, at whichever event, changes no byte of what the run tells", async () => {
      const spec = parseSpec({ prompt: "The sky", iterations: 12, every: 3, restarts: 3 });
      const undisturbed = JSON.stringify(await all(client().run(spec)));
      const { pause, events, done, pauses } = follow(spec);
      let isOver = false;
      void done.then(() => (isOver = true));
      pause.pause();
      // Between the two messages the run may pass any number of its events, and end.
      for (let count = 1; !isOver; count++) {
        await until("it pauses, or ends", () => isOver || pauses() >= count);
        pause.resume();
        pause.pause();
      }
      assert.ok(pauses() > 0);
      assert.equal(JSON.stringify(events), undisturbed);
    });

    it("comes after a whole iteration, with all its restarts", async () => {
      const spec = parseSpec({ prompt: "The sky", iterations: 100_000, every: 1, restarts: 7 });
      const { pause, events, paused } = follow(spec);
      for (let count = 1; count <= 5; count++) {
        const shown = events.length;
        await until("more events", () => events.length > shown);
        pause.pause();
        await paused(count);
        await sleep(20);
        assert.equal((events.length - 1) % 7, 0);
        pause.resume();
      }
    });

    it("that comes back before it was told of is told of", async () => {
      const { pause, paused } = follow(specOf("wait"));
      pause.pause();
      await paused(1);
      pause.resume();
      pause.pause();
      await paused(2);
    });

    it("ends when the run is cancelled", async () => {
      const controller = new AbortController();
      const { pause, events, done, paused } = follow(specOf("wait"), { signal: controller.signal });
      pause.pause();
      await paused(1);
      controller.abort();
      await done;
      const end = events.at(-1);
      assert.equal(end?.type === "end" && end.status, "cancelled");
    });

    it("is told to the runs behind, which go on waiting", async () => {
      const both = client();
      const first = follow(specOf("first", 100_000), {}, both);
      first.pause.pause();
      await first.paused(1);
      const stages: string[] = [];
      const second = follow(specOf("second", 3), { onProgress: ({ stage }) => stages.push(stage) }, both);
      await until("the second to say something", () => stages.length === 1);
      first.pause.resume();
      await until("the second to say that the first goes on", () => stages.length === 2);
      assert.deepEqual(stages, ["Queued behind another run, which is paused", "Queued behind another run"]);
      first.pause.pause();
      await first.paused(2);
      assert.equal(second.events.length, 0);
    });
  });

  describe("cancelling", () => {
    it("ends the run with what it has", async () => {
      const controller = new AbortController();
      const events: RunEvent[] = [];
      for await (const event of client().run(specOf("wait"), { signal: controller.signal })) {
        events.push(event);
        if (events.length === 5) controller.abort();
      }
      const end = events.at(-1);
      assert.equal(end?.type === "end" && end.status, "cancelled");
    });

    it("reaches a run that waits for its reader, and the next run gets its turn though nobody reads on", async () => {
      const controller = new AbortController();
      const reader = client();
      let made = 0;
      const onProgress = ({ stage, done }: Progress) => (made = stage === "made" ? done! : made);
      const events = reader.run(specOf("rush"), { signal: controller.signal, onProgress });
      await events.next();
      await until("it waits for its reader", () => made > 250);
      controller.abort();
      assert.equal((await all(reader.run(specOf("next", 3)))).at(-1)?.type, "end");
      assert.equal(children.length, 1);
      const last = (await all(events)).at(-1);
      assert.equal(last?.type === "end" && last.status, "cancelled");
    });

    it("is honoured before anything is started", async () => {
      await rejects(all(client().run(specOf("x"), { signal: AbortSignal.abort() })), "cancelled", /stopped/);
      assert.equal(children.length, 0);
    });

    it("happens when the reader turns away, so that the next run gets its turn", async () => {
      const reader = client();
      for await (const event of reader.run(specOf("wait"))) if (event.type === "step") break;
      const events = await all(reader.run(specOf("next", 3)));
      assert.equal(events.at(-1)?.type, "end");
      assert.equal(children.length, 1);
    });

    it("ends the process of a run that does not answer, and the next run has a new one", async () => {
      const patient = client({ cancelTimeoutMs: 300 });
      const controller = new AbortController();
      const run = patient.run(specOf("hang"), { signal: controller.signal });
      await run.next();
      const waiting = all(patient.run(specOf("behind it")));
      waiting.catch(() => undefined);
      await sleep(50);
      controller.abort();
      await rejects(all(run), "cancelled", /did not answer for 0\.3 s/);
      await rejects(waiting, "engine", /start this one again/);
      assert.equal((await all(patient.run(specOf("next", 3)))).at(-1)?.type, "end");
      await until("the hung process to end", () => !isRunning(children[0].pid!));
      assert.equal(children.length, 2);
    });

    it("leaves no listener behind", async () => {
      const { signal } = new AbortController();
      const reader = client();
      for (let n = 0; n < 3; n++) await all(reader.run(specOf("x", 1), { signal }));
      await assert.rejects(all(reader.run(specOf("fail memory"), { signal })));
      for await (const event of reader.run(specOf("wait"), { signal })) if (event.type === "step") break;
      assert.equal(getEventListeners(signal, "abort").length, 0);
      assert.equal(children[0].listenerCount("message"), 1);
    });
  });

  describe("a process that ends in mid-run", () => {
    it("delivers every event it had sent, then says that it was killed; the next run works", async () => {
      const reader = client();
      const events: RunEvent[] = [];
      const run = async () => {
        for await (const event of reader.run(specOf("die SIGKILL"))) {
          // While this process is busy, the messages and the news of the end pile up and come in any order.
          if (events.length === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
          events.push(event);
        }
      };
      await rejects(run(), "engine", /was killed \(SIGKILL\), as systems do when memory runs out/);
      assert.equal(events.length, 101);
      assert.equal((await all(reader.run(specOf("next", 3)))).at(-1)?.type, "end");
    });

    it("takes the runs that wait along", async () => {
      const reader = client();
      const first = all(reader.run(specOf("die SIGSEGV")));
      const second = all(reader.run(specOf("second")));
      await Promise.all([
        rejects(first, "engine", /crashed \(SIGSEGV\)/),
        rejects(second, "engine", /crashed \(SIGSEGV\)/),
      ]);
    });

    it("makes auto try its device out again, whose driver may have done it", async () => {
      const cacheFolder = await folder();
      const kept = path.join(cacheFolder, "devices.json");
      await writeFile(kept, "{}");
      await rejects(all(client({ cacheFolder }).run(specOf("die SIGSEGV"))), "engine", /crashed/);
      await until("the kept device to be forgotten", () => !existsSync(kept));
    });

    it("leaves its exit code and its last words", async () => {
      const run = all(client().run(specOf("leave 7")));
      await rejects(run, "engine", /ended with exit code 7\. .*Its last words: Error: the driver said goodbye$/);
    });
  });

  describe("a process that does not start", () => {
    it("says so when its program is not there", async () => {
      const run = all(client({ modulePath: "/nowhere/engine.cjs" }).run(specOf("x")));
      await rejects(run, "engine", /could not be started: .*Cannot find module '\/nowhere\/engine\.cjs'/);
    });

    it("says so when no process can be made", async () => {
      const noFork = ((module: string, args: string[], options: object) =>
        fork(module, args, { ...options, execPath: "/nowhere/node" })) as typeof fork;
      await rejects(all(client({ fork: noFork }).run(specOf("x"))), "engine", /could not be started: .*ENOENT/);
    });
  });

  describe("the process", () => {
    const forked = () => {
      const child = fork(engine.modulePath, ["/nowhere"], { execArgv: [], stdio: ["ignore", "pipe", "pipe", "ipc"] });
      children.push(child);
      return child;
    };
    const next = async (child: ChildProcess): Promise<FromEngine> => (await once(child, "message"))[0] as FromEngine;

    it("survives messages that make no sense, and serves the next one", async () => {
      const child = forked();
      await next(child);
      const nonsense: unknown[] = ["run", 7, [], {}, { type: "run" }, { type: "dance", runId: "1" }, { runId: "1" }];
      for (const message of nonsense) child.send(message as object);
      for (const type of ["cancel", "pause", "resume", "taken"]) child.send({ type, runId: "unknown" });
      child.send({ type: "run", runId: "a", spec: "not a spec" });
      const failed = await next(child);
      assert.equal(failed.type === "failed" && failed.error.kind, "badInput");
      child.send({ type: "run", runId: "b", spec: specOf("x", 1) });
      assert.equal((await next(child)).type, "progress");
    });

    it("ends with its parent's end of the channel, also in the middle of a run", async () => {
      const child = forked();
      await next(child);
      child.send({ type: "run", runId: "a", spec: specOf("idle") });
      await next(child);
      child.disconnect();
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 0);
    });

    it("leaves Ctrl-C to its parent", async () => {
      const child = forked();
      await next(child);
      child.kill("SIGINT");
      child.send({ type: "run", runId: "a", spec: specOf("x", 1) });
      assert.equal((await next(child)).type, "progress");
    });

    it("tells somebody who starts it by hand what it is", async () => {
      const child = fork(engine.modulePath, [], { stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [] });
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 2);
    });
  });

  it("is gone after dispose, with its run", async () => {
    const reader = client();
    const run = reader.run(specOf("hang"));
    await run.next();
    await reader.dispose();
    assert.equal(isRunning(children[0].pid!), false);
    await rejects(all(run), "engine", /shut down/);
    await rejects(all(reader.run(specOf("x"))), "engine", /shut down/);
  });

  it("gets the cache folder handed in, and the log gets what it writes", async () => {
    const lines: string[] = [];
    await all(client({ onLog: (line) => lines.push(line), cacheFolder: "/some/cache" }).run(specOf("x", 1)));
    await until("the line", () => lines.includes("cache /some/cache"));
    assert.equal(existsSync("/some/cache"), false);
  });
});
