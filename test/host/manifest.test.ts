import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Method } from "../../src/experiments/methods/method.ts";
import { METHODS } from "../../src/experiments/methods/table.ts";
import { parseSpec, schemaOf } from "../../src/experiments/spec.ts";
import { STARTS } from "../../src/experiments/start-points.ts";
import { commonSettingsOf, requestFromSettings, settingOf } from "../../src/session/settings.ts";

type Json = Record<string, unknown>;

const root = path.join(import.meta.dirname, "..", "..");
const read = (file: string): Json => JSON.parse(readFileSync(path.join(root, file), "utf8")) as Json;
const manifest = read("package.json");
const strings = read("package.nls.json");
const contributes = manifest["contributes"] as {
  commands: { command: string; enablement?: string }[];
  menus: Record<string, { command: string; when?: string }[]>;
  keybindings: { command: string; key: string; mac: string; when?: string }[];
  walkthroughs: { steps: { description: string; media: { svg: string }; completionEvents: string[] }[] }[];
  configuration: { properties: Record<string, Json> }[];
};
const settings = Object.assign({}, ...contributes.configuration.map(({ properties }) => properties)) as Record<
  string,
  Json
>;

describe("the manifest", () => {
  /** Settings of a method's fields, by their names under `inversionLab.`. */
  const settingsOf = (method: Method): [setting: string, field: Json][] => {
    const schema = schemaOf(method.name) as unknown as Record<string, Json>;
    return [
      ...commonSettingsOf(method.name).map((field): [string, Json] => [field, schema[field]]),
      ...method.settings.map((field): [string, Json] => [settingOf(method.name, field), schema[field]]),
    ];
  };

  it("has the spec's defaults and bounds in the settings of every method's fields", () => {
    for (const method of METHODS) {
      for (const [name, field] of settingsOf(method)) {
        const setting = settings[`inversionLab.${name}`];
        assert.ok(setting, name);
        // A setting of two types could be edited as JSON only; that the rate is to be found by trying is asked for elsewhere.
        const { enum: values, ...rule } = { ...field, ...(field["anyOf"] as Json[] | undefined)?.[0] };
        // Who looks on wants the answer: the editor stops, while a spec that says nothing goes on to its end.
        if (name === "stopWhenExact") assert.equal(setting["default"], 20);
        else assert.deepEqual(setting["default"], rule["default"], name);
        for (const bound of ["type", "minimum", "maximum", "exclusiveMinimum", "minLength"]) {
          assert.deepEqual(setting[bound], rule[bound], `${name} ${bound}`);
        }
        const offered = name === "start" ? STARTS.filter((start) => start !== "custom") : values;
        assert.deepEqual(setting["enum"], offered, name);
      }
    }
  });

  it("has settings that together are a valid experiment of each method", () => {
    for (const { name: method } of METHODS) {
      const request = requestFromSettings((name) => settings[`inversionLab.${name}`]["default"], method);
      const stops = method === "inversion" && { stopWhenExact: 20 };
      assert.deepEqual(parseSpec({ ...request, prompt: "x" }), parseSpec({ method, prompt: "x", ...stops }));
    }
  });

  it("has the command of each method", () => {
    const commands = contributes.commands.map(({ command }) => command);
    const own = METHODS.flatMap(({ editorCommand }) => editorCommand ?? []);
    assert.equal(own.length, 4);
    for (const command of own) assert.ok(commands.includes(`inversionLab.${command}`), command);
  });

  it("explains every setting and every value of a list", () => {
    for (const [name, setting] of Object.entries(settings)) {
      assert.ok(setting["markdownDescription"], name);
      const values = (setting["enum"] ?? []) as unknown[];
      assert.equal(((setting["markdownEnumDescriptions"] ?? []) as unknown[]).length, values.length, name);
    }
  });

  const known = contributes.commands.map(({ command }) => command);

  it("names only commands that there are", () => {
    const used = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
    for (const { command } of used) assert.ok(known.includes(command), command);
  });

  it("has keys that are taken back to the moment they make sense in, on each platform", () => {
    // As VS Code's own explorer has them.
    const explorer: Record<string, string> = { "delete": "cmd+backspace", "shift+alt+c": "cmd+alt+c" };
    for (const { command, key, mac, when } of contributes.keybindings) {
      assert.ok(when, command);
      assert.equal(mac, explorer[key] ?? key.replace("ctrl", "cmd"), command);
    }
    const pairs = contributes.keybindings.map(({ key, when }) => `${key} ${when}`);
    assert.equal(new Set(pairs).size, pairs.length);
  });

  it("says where each setting may be written, and none that comes with a folder chooses what is opened unasked", () => {
    const scopes = ["window", "machine", "machine-overridable"];
    for (const [name, { scope }] of Object.entries(settings)) assert.ok(scopes.includes(scope as string), name);
    assert.equal(settings["inversionLab.cacheFolder"]["scope"], "machine");
    const { untrustedWorkspaces, virtualWorkspaces } = manifest["capabilities"] as Record<string, Json>;
    assert.equal(untrustedWorkspaces["supported"], "limited");
    assert.deepEqual(untrustedWorkspaces["restrictedConfigurations"], [
      "inversionLab.checkpoint",
      "inversionLab.device",
    ]);
    assert.equal(virtualWorkspaces, true);
    assert.deepEqual(manifest["extensionKind"], ["workspace"]); // where the graphics card is
  });

  it("has a walkthrough with a picture for each step, and an end that comes by doing it", () => {
    for (const { description, media, completionEvents } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      assert.ok(existsSync(path.join(root, media.svg)), media.svg);
      const text = String(strings[description.slice(1, -1)]);
      for (const [, command] of text.matchAll(/\(command:([\w.]+?)(?:\.focus)?\)/g)) {
        assert.ok(
          known.includes(command) || JSON.stringify(manifest["contributes"]).includes(`"id":"${command}"`),
          command,
        );
      }
      for (const event of completionEvents) assert.match(event, /^on(Command|Context|View):inversionLab\.\w+$/);
    }
  });

  it("has a text for each of its strings, and no other texts", () => {
    const used = [...JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
    assert.deepEqual([...new Set(used)].toSorted(), Object.keys(strings).toSorted());
  });
});
