// Whatever a config.json holds, it is read or refused in a sentence; what is read can be laid out as a graph's weights.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseConfig } from "../../../src/checkpoints/config.ts";
import { LabError } from "../../../src/common/errors.ts";
import { parameterCount, weightsOf } from "../../../src/networks/architectures/architectures.ts";
import { choices, count, mutated, torn } from "../../support/faults.ts";

const FOLDER = path.join(import.meta.dirname, "..", "..", "reference", "architectures");

describe("config.json files of all architectures", function () {
  this.timeout(600_000);
  const total = count("configs", 10_000, 300);

  for (const name of readdirSync(FOLDER).sort()) {
    it(`are refused in a sentence or read: ${total} like that of ${name}`, () => {
      const text = readFileSync(path.join(FOLDER, name, "config.json"));
      const whole = JSON.parse(text.toString()) as unknown;
      let refused = 0;
      for (let number = 0; number < total; number++) {
        const its = choices(name, number);
        const changed =
          its.share() < 0.3 ? Buffer.from(torn(text, its)).toString() : JSON.stringify(mutated(whole, its));
        try {
          const { config } = parseConfig(changed, "config.json");
          assert.ok(config.blocks <= 1024, its.what);
          assert.ok(Number.isSafeInteger(8 * parameterCount(weightsOf(config))), its.what);
        } catch (error) {
          assert.ok(error instanceof LabError && error.kind === "checkpoint", `${its.what}: ${String(error)}`);
          assert.match(error.message, /^config\.json cannot be used: [^\n]+\.$/, its.what);
          assert.ok(error.message.length < 1000, `${its.what}: ${error.message}`);
          refused++;
        }
      }
      assert.ok(refused > total / 20 && refused < total, `${refused} of ${total} refused`);
    });
  }
});
