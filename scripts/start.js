// Opens VS Code with the extension and a sample document: the desktop one, or one served to the browser.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { ensurePrograms, findProgram } from "./programs.js";
import { cache, root } from "./ready.js";
import { linkExtension, startServer, workspaceAddress } from "./vscode-server.js";

const SAMPLE = path.join(root, "docs", "sample");
const DOCUMENT = path.join(SAMPLE, "prompts.txt");
const DEFAULT_PORT = 8100;
const FIRST_SETTINGS = {
  "workbench.startupEditor": "none",
  // Without it a page that is loaded again shows the document that its address names and nothing else.
  "window.restoreWindows": "preserve",
};

/** `npm start -- [--port N]`: with a port, VS Code is served there even where a desktop one is installed. */
export async function start(/** @type {string[]} */ parameters) {
  const { port } = parseArgs({ args: parameters, options: { port: { type: "string" } } }).values;
  const desktop = findProgram("code");
  if (desktop && port === undefined) await openDesktop(desktop);
  else await serve(portNumber(port ?? `${DEFAULT_PORT}`));
}

async function openDesktop(/** @type {string} */ code) {
  console.log("Opening VS Code. Select a line of the sample, right-click, Invert Selection.");
  await promisify(execFile)(code, [`--extensionDevelopmentPath=${root}`, SAMPLE, DOCUMENT]);
}

/** Keeps its data folder, so that what a person has set up is there the next time. */
async function serve(/** @type {number} */ port) {
  await ensurePrograms(["rg"]).catch((error) => console.error(`VS Code's search will not work. ${error.message}`));
  const dataFolder = path.join(cache, "start", "data");
  const extensionsFolder = path.join(cache, "start", "extensions");
  await linkExtension(extensionsFolder);
  const settings = existsSync(dataFolder) ? undefined : FIRST_SETTINGS;
  const server = await startServer({ dataFolder, extensionsFolder, settings, port });
  console.log(`VS Code is served at\n\n  ${workspaceAddress(server, { folder: SAMPLE, file: DOCUMENT })}\n`);
  console.log("Open it, select a line, right-click, Invert Selection. Ctrl-C ends VS Code.");
  await new Promise((resolve) => ["SIGINT", "SIGTERM", "SIGHUP"].forEach((signal) => process.once(signal, resolve)));
  await server.stop();
}

function portNumber(/** @type {string} */ text) {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`The port is "${text}": it must be a whole number from 0 to 65535.`);
}
