import assert from "node:assert/strict";
import { Drawings } from "../../src/session/drawings.ts";
import type { ToPage } from "../../src/session/panel-messages.ts";

describe("drawings by the page", () => {
  const started = () => {
    const asked: number[] = [];
    const drawings = new Drawings((message: ToPage) => {
      if (message.type === "rasterise") asked.push(message.request);
    });
    return { drawings, asked };
  };

  it("are asked for when the page is there, again when it was taken down meanwhile, and answered once", async () => {
    const { drawings, asked } = started();
    const [first, second] = [drawings.ask("<svg/>"), drawings.ask("<svg/>")];
    assert.deepEqual(asked, []);
    drawings.go();
    drawings.answer({ type: "rasterised", request: 2, png: Buffer.from("two").toString("base64") });
    drawings.hold();
    drawings.go();
    assert.deepEqual(asked, [1, 2, 1]);
    drawings.answer({ type: "rasterised", request: 1, png: Buffer.from("one").toString("base64") });
    drawings.answer({ type: "rasterised", request: 1, png: "" });
    assert.deepEqual(
      (await Promise.all([first, second])).map((png) => Buffer.from(png).toString()),
      ["one", "two"],
    );
  });

  it("fail with a sentence when the page cannot draw them, and when it is closed", async () => {
    const { drawings } = started();
    drawings.go();
    const drawn = drawings.ask("<svg");
    drawings.answer({ type: "rasterised", request: 1, problem: "The source image cannot be decoded." });
    await assert.rejects(drawn, /The drawing could not be made: The source image cannot be decoded\./);
    const waiting = drawings.ask("<svg/>");
    drawings.giveUp();
    await assert.rejects(waiting, /closed before/);
  });
});
