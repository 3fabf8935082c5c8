import assert from "node:assert/strict";
import type { HubCheckpoint } from "../../src/checkpoints/hub/hub-cache.ts";
import type { RandomCheckpoint } from "../../src/checkpoints/generated/random-folder.ts";
import {
  checkpointChoices,
  describeDeletion,
  knownConfig,
  managedCheckpoints,
} from "../../src/session/checkpoint-choices.ts";

const blocks = (count: number): number[] => [...Array(count).keys()];
const random: RandomCheckpoint = {
  ...{ kind: "random", source: "random:gpt2", seed: 3, folder: "/lab/gpt2", bytes: 186e6 },
  ...{ blocks: [0], allBlocks: 12, complete: false },
};
const medium: HubCheckpoint = {
  ...{ kind: "hub", source: "openai-community/gpt2-medium", revision: "6dcaa7a952f72f9298047fd5137cd6e4f05f41da" },
  ...{ refs: ["main"], folder: "/hf/snapshots/6dc", bytes: 1.52e9, blocks: blocks(24), allBlocks: 24, complete: true },
};
const unfinished: HubCheckpoint = {
  ...{ ...medium, source: "openai-community/gpt2", bytes: 120e6, blocks: [], allBlocks: 12, complete: false },
};
const legacy: HubCheckpoint = { ...medium, source: "/hf/models--gpt2/snapshots/6dc", folder: "/hf/models--gpt2" };

describe("the checkpoints to choose from", () => {
  const offered = (...parameters: Parameters<typeof checkpointChoices>) =>
    Object.fromEntries(checkpointChoices(...parameters).map((choice) => [choice.label, choice]));

  it("are in groups: the box, this machine, random weights, the hub, a folder", () => {
    const groups = checkpointChoices({ known: [random, medium], mini: knownConfig("random:mini") }).map(
      ({ group }) => group,
    );
    assert.deepEqual(
      groups.filter((group, index) => group !== groups[index - 1]),
      [
        ...["Comes with the extension", "In your Hugging Face cache", "Random weights, from a seed"],
        ...["On the Hugging Face hub", "Elsewhere"],
      ],
    );
    const [first] = checkpointChoices({ known: [], mini: knownConfig("random:mini") });
    assert.equal(first.description, "trained");
    assert.equal(first.detail, "4 blocks of width 128, 7 M parameters · 14 MB on disk");
    const without = checkpointChoices({ known: [] });
    assert.ok(!without.some(({ label }) => label === "mini"), "only where it is there");
  });

  it("say every size of GPT-2 with its true number of parameters", () => {
    const choices = offered({ known: [] });
    assert.equal(choices["random:gpt2"].detail, "12 blocks of width 768, 124 M parameters");
    assert.equal(choices["random:gpt2-xl"].detail, "48 blocks of width 1600, 1558 M parameters");
    assert.equal(choices["distilbert/distilgpt2"].detail, "trained · 6 blocks of width 768, 82 M parameters");
  });

  it("say what is there and what is needed", () => {
    const choices = offered({ known: [random, medium, unfinished], current: "random:gpt2" });
    assert.equal(choices["random:gpt2"].description, "186 MB here · up to 498 MB on disk · chosen");
    assert.equal(choices["random:gpt2-medium"].description, "made when needed · up to 1.4 GB on disk");
    assert.equal(choices["openai-community/gpt2-medium"].description, "trained · commit 6dcaa7a9");
    assert.match(choices["openai-community/gpt2-medium"].detail, /355 M parameters · 1\.5 GB on disk/);
    assert.equal(choices["openai-community/gpt2-medium"].answer.kind, "use");
    assert.equal(choices["openai-community/gpt2"].description, "download not finished · 120 MB are here");
    assert.equal(choices["openai-community/gpt2"].answer.kind, "download");
    assert.equal(choices["openai-community/gpt2-xl"].description, "download 6.4 GB");
  });

  it("name each checkpoint once", () => {
    const labels = checkpointChoices({ known: [random, medium, unfinished, legacy] }).map(({ label }) => label);
    assert.deepEqual(labels, [...new Set(labels)]);
    assert.ok(labels.includes("models--gpt2"), "an old name without an owner by its folder");
  });

  it("have what the settings name, also where it is none of the others", () => {
    const [first] = checkpointChoices({ known: [], current: "/home/me/mine" });
    assert.deepEqual(first.answer, { kind: "use", source: "/home/me/mine" });
    assert.equal(first.label, "mine");
  });
});

const fits = { kind: "fits", source: "mini", folder: "/lab/fits", files: ["a", "b"], bytes: 3e6 } as const;

describe("the checkpoints on the disk", () => {
  it("come with their size and state, the largest first", () => {
    assert.deepEqual(
      managedCheckpoints([random, unfinished, fits, medium]).map(
        ({ label, description }) => `${label}: ${description}`,
      ),
      [
        "openai-community/gpt2-medium: 1.5 GB · commit 6dcaa7a9",
        "random:gpt2: 186 MB · seed 3 · 1 of 12 blocks",
        "openai-community/gpt2: 120 MB · commit 6dcaa7a9 · download not finished",
        "mini: 3.0 MB · 2 fits for exact recovery",
      ],
    );
  });

  it("are deleted after a question that says what that means", () => {
    assert.match(describeDeletion(random).detail, /^186 MB in \/lab\/gpt2\. They are made again, the same/);
    assert.match(describeDeletion(fits).message, /^Delete the fits of exact recovery to mini\?/);
    assert.match(describeDeletion(medium).detail, /other programs will not find them/);
  });
});
