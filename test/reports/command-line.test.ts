// The command line that repeats a run, checked against the parser: parse ∘ write = identity.

import assert from "node:assert/strict";
import { Command } from "commander";
import fc from "fast-check";
import { argumentsOf, shellLine } from "../../src/reports/command-line.ts";
import { flagOf, requestOf } from "../../src/experiments/spec-flags.ts";
import { specOptions } from "../../src/cli/spec-options.ts";
import { type ExperimentSpec, parseSpec, specSchema } from "../../src/experiments/spec.ts";
import { methodNames, methodOf } from "../../src/experiments/methods/table.ts";
import { hardText } from "../support/hard-text.ts";

interface FieldSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly FieldSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

function valueOf(schema: FieldSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valueOf));
  switch (schema.type) {
    case "integer":
      return fc.maxSafeInteger().map((n) => {
        const { minimum = -1e6, maximum = 1e6 } = schema;
        return minimum + (Math.abs(n) % (maximum - minimum + 1));
      });
    case "number": {
      const bounds = {
        noNaN: true,
        max: schema.maximum ?? 1e9,
        min: schema.exclusiveMinimum ?? schema.minimum ?? -1e9,
      };
      return fc.double({ ...bounds, minExcluded: schema.exclusiveMinimum !== undefined }).map((x) => x + 0);
    }
    case "boolean":
      return fc.boolean();
    case undefined:
    default:
      return hardText;
  }
}

/** Any request of a method that is an experiment. */
const specs = (method: string): fc.Arbitrary<ExperimentSpec> => {
  const { properties } = specSchema(method) as { readonly properties: Readonly<Record<string, FieldSchema>> };
  const named = Object.entries(properties).filter(
    ([field]) => !["method", "prompt", "startMean", "startStd"].includes(field),
  );
  const fields = Object.fromEntries(named.map(([field, schema]) => [field, valueOf(schema)]));
  return fc
    .tuple(
      hardText,
      fc.record(fields, { requiredKeys: [] }),
      fc.tuple(fc.double({ noNaN: true, min: -9, max: 9 }), fc.boolean()),
    )
    .map(([prompt, request, [mean, isCustom]]) => {
      const { start, weights, everyDepth, ...rest } = request as Record<string, unknown>;
      const other = start === undefined || start === "custom" ? {} : { start };
      const noise = isCustom ? { start: "custom", startMean: mean, startStd: 0.5 } : other;
      const proving = methodOf(method).proves && { network: "gpt2" };
      const isNet = rest["network"] !== undefined && rest["network"] !== "gpt2";
      const given = { ...rest, ...(method === "inversion" && noise) };
      return parseSpec({
        method,
        prompt,
        ...given,
        ...(everyDepth !== undefined && rest["states"] === undefined && { everyDepth }),
        ...((!isNet || proving) && weights !== undefined && { weights }),
        ...proving,
      });
    });
};

/** The experiment that the program would make of these arguments. */
function parsed(args: readonly string[]): ExperimentSpec {
  let spec: ExperimentSpec | undefined;
  const program = new Command().exitOverride();
  const add = (command: Command, method: string) => {
    command.argument("<TEXT>").action((prompt: string, flags: Record<string, unknown>) => {
      spec = parseSpec(requestOf(method, prompt, flags), flagOf);
    });
    for (const option of specOptions(method, undefined)) command.addOption(option);
  };
  add(program.command("invert"), "inversion");
  add(program.command("exact"), "exact");
  const walk = program.command("walk");
  add(walk.command("orthogonal"), "orthogonalWalk");
  add(walk.command("clamped"), "clampedWalk");
  program.parse(args, { from: "user" });
  return spec!;
}

describe("the command line of a run", () => {
  for (const method of methodNames()) {
    it(`makes the same experiment again: ${method}`, () => {
      fc.assert(fc.property(specs(method), (spec) => assert.deepEqual(parsed(argumentsOf(spec)), spec)));
    });
  }

  it("says what is not as it is by default, and nothing else", () => {
    assert.deepEqual(argumentsOf(parseSpec({ prompt: "The sky is blue." })), ["invert", "The sky is blue."]);
    assert.deepEqual(
      argumentsOf(parseSpec({ method: "orthogonalWalk", prompt: "x", iterations: 400, direction: "jacobian" })),
      ["walk", "orthogonal", "x", "--iterations", "400", "--direction", "jacobian"],
    );
    assert.deepEqual(argumentsOf(parseSpec({ prompt: "-x", fromPosition: -1 })), [
      ...["invert", "--from-position=-1", "--", "-x"],
    ]);
  });

  it("has quotes where they are needed, as the shell of the platform has them", () => {
    assert.equal(shellLine(["invert", "It's", "--seed", "3"], "linux"), "invert 'It'\\''s' --seed 3");
    assert.equal(shellLine(["invert", "It's", "owner/name@main"], "win32"), "invert 'It''s' owner/name@main");
  });
});
