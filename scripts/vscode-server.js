// VS Code without a desktop: sets up VS Code's own server once, from packages that npm has, and serves it to a browser.
// Needs Node, npm and tar, and ripgrep for the workbench's search.

import { execFile, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { withLock } from "./lock.js";
import { findProgram } from "./programs.js";
import { cache, npm, root } from "./ready.js";

const run = promisify(execFile);

/**
 * The npm package that VS Code's server is taken from. Pinned: several newer ones did not run when installed this way.
 * It is VS Code 1.100, the oldest that the extension supports.
 */
const PACKAGE = {
  name: "code-server",
  version: "4.100.3",
  integrity: "sha512-q/Fh2DOxCRNhC/WiG/6sAhSKnj7ZACTVBaeeZ+rWjol//0FCbl/qg1ln5ecZ99jYcfqMxZZAyWcN+YBIo0DgpA==",
};
const START_TIMEOUT_MS = 120_000;

/**
 * @typedef {object} Server
 * @property {string} address scheme, host and port
 * @property {string} token without it the server answers nobody, be it another person or another page
 * @property {number} pid process id of the server, and of the process group that all it starts belongs to
 * @property {() => Promise<void>} stop ends it with all that it has started
 */

/**
 * Sets up VS Code's server unless that is done; two processes at once do it once.
 * @returns {Promise<string>} its folder
 */
export async function prepareServer() {
  const folder = path.join(cache, `vscode-server-${PACKAGE.version}`);
  if (existsSync(folder)) return folder;
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    console.error("Setting up VS Code's server from npm (once; under a minute)…");
    const fresh = `${folder}.new`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true });
    await unpackServer(fresh);
    // Not "ci": the package's shrinkwrap file, which "install" goes by too, leaves out a development dependency.
    const install = ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"];
    await npm(install, fresh);
    await npm(install, path.join(fresh, "extensions")); // its TypeScript, without which a message pops up
    await rename(fresh, folder);
  });
  return folder;
}

/** Only lib/vscode of the package is VS Code; the rest is another server around it. */
async function unpackServer(/** @type {string} */ folder) {
  const { name, version, integrity } = PACKAGE;
  const [packed] = JSON.parse(await npm(["pack", `${name}@${version}`, "--json", "--ignore-scripts"], folder));
  if (packed.integrity !== integrity) {
    throw new Error(`${name} ${version} from npm has the checksum ${packed.integrity}, expected ${integrity}.`);
  }
  const archive = path.join(folder, packed.filename);
  await run("tar", ["-xzf", archive, "-C", folder, "--strip-components=3", "package/lib/vscode"]);
  await rm(archive);
}

/**
 * Serves VS Code on 127.0.0.1. The server ends with this process, in whatever way that ends.
 * @param {object} options
 * @param {string} options.dataFolder where VS Code keeps its state; made when it is missing
 * @param {string} options.extensionsFolder installed extensions
 * @param {Record<string, unknown>} [options.settings] takes the place of the user's settings in the data folder
 * @param {number} [options.port] any free one by default
 * @param {NodeJS.ProcessEnv} [options.env] added to the environment of VS Code and its extensions
 * @returns {Promise<Server>}
 */
export async function startServer({ dataFolder, extensionsFolder, settings, port = 0, env = {} }) {
  const server = await prepareServer();
  await linkRipgrep(server);
  await mkdir(dataFolder, { recursive: true });
  if (settings) await writeSettings(dataFolder, settings);
  const token = randomUUID();
  const logFile = path.join(dataFolder, "server.log");
  const log = createWriteStream(logFile);
  const group = fork(
    path.join(import.meta.dirname, "process-group.js"),
    [
      ...command(server, dataFolder, extensionsFolder),
      ...["--host", "127.0.0.1", "--port", `${port}`, "--connection-token", token],
      ...["--disable-workspace-trust", "--disable-telemetry", "--disable-getting-started-override"],
    ],
    {
      detached: true, // Ctrl-C in a terminal is for the process that holds the group
      env: { ...serverEnvironment(), ...env },
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    },
  );
  const output = /** @type {import("node:stream").Readable} */ (group.stdout);
  output.pipe(log, { end: false });
  group.stderr?.pipe(log, { end: false });
  const ended = once(group, "exit");
  const stop = async () => {
    if (group.connected) group.disconnect();
    await ended;
    log.end();
  };
  try {
    const started = Promise.all([once(group, "message"), boundPort(output)]);
    const failed = Promise.race([
      ended.then(([code]) => `it ended with exit code ${code}`),
      sleep(START_TIMEOUT_MS, undefined, { ref: false }).then(() => `no answer in ${START_TIMEOUT_MS / 1000} s`),
    ]);
    const outcome = await Promise.race([started, failed]);
    if (typeof outcome === "string") throw await startError(outcome, logFile, port);
    const [[pid], bound] = outcome;
    return { address: `http://127.0.0.1:${bound}`, token, pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The address that opens a folder in a served VS Code.
 * @param {Server} server
 * @param {object} workspace
 * @param {string} workspace.folder
 * @param {string} [workspace.file] opened in an editor
 * @param {string} [workspace.developmentFolder] an extension loaded from its own folder
 * @param {string} [workspace.testsModule] run inside the extension host, which then ends
 * @returns {string}
 */
export function workspaceAddress({ address, token }, { folder, file, developmentFolder, testsModule }) {
  const remote = (/** @type {string} */ place) => `vscode-remote://${new URL(address).host}${place}`;
  const payload = [
    ...(file ? [["openFile", remote(file)]] : []),
    ...(developmentFolder ? [["extensionDevelopmentPath", remote(developmentFolder)]] : []),
    ...(testsModule ? [["extensionTestsPath", remote(testsModule)]] : []),
  ];
  const query = new URLSearchParams({ tkn: token, folder });
  if (payload.length > 0) query.set("payload", JSON.stringify(payload));
  return `${address}/?${query}`;
}

/** Puts the extension into an extensions folder as a link to where it is developed. */
export async function linkExtension(/** @type {string} */ extensionsFolder) {
  const { publisher, name, version } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
  await rm(extensionsFolder, { recursive: true, force: true }); // VS Code's list in it goes by the version before
  await mkdir(extensionsFolder, { recursive: true });
  await symlink(root, path.join(extensionsFolder, `${publisher}.${name}-${version}`), "dir");
}

/**
 * Installs an extension as a person would. Throws a sentence when VS Code refuses it.
 * @param {{vsix: string, dataFolder: string, extensionsFolder: string}} options
 */
export async function installVsix({ vsix, dataFolder, extensionsFolder }) {
  const [program, ...parameters] = command(await prepareServer(), dataFolder, extensionsFolder);
  const { stdout, stderr } = await run(program, [...parameters, "--install-extension", vsix, "--force"], {
    env: serverEnvironment(),
  });
  if (!stdout.includes("successfully installed"))
    throw new Error(`VS Code did not install ${vsix}: ${stdout}${stderr}`);
}

/**
 * Replaces the user's settings; a VS Code that is running takes them over.
 * @param {string} dataFolder
 * @param {Record<string, unknown>} settings
 */
export async function writeSettings(dataFolder, settings) {
  const folder = path.join(dataFolder, "data", "User");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "settings.json"), JSON.stringify(settings, null, 2));
}

/** @returns {[string, ...string[]]} */
function command(
  /** @type {string} */ server,
  /** @type {string} */ dataFolder,
  /** @type {string} */ extensionsFolder,
) {
  return [
    process.execPath,
    path.join(server, "out", "server-main.js"),
    "--accept-server-license-terms",
    ...["--server-data-dir", dataFolder, "--extensions-dir", extensionsFolder],
  ];
}

/** Without a gallery it asks nobody on the network. What VS Code's own terminal and tsx set is not for this VS Code. */
function serverEnvironment() {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS$)/.test(name));
  return { ...Object.fromEntries(inherited), EXTENSIONS_GALLERY: "{}" };
}

/** The workbench's search runs the ripgrep of an npm package whose install script would download it. */
async function linkRipgrep(/** @type {string} */ server) {
  const place = path.join(server, "node_modules", "@vscode", "ripgrep", "bin", "rg");
  const ripgrep = findProgram("rg");
  if (existsSync(place) || !ripgrep) return;
  await mkdir(path.dirname(place), { recursive: true });
  await symlink(ripgrep, place).catch(() => undefined); // somebody else was faster
}

/** @returns {Promise<number>} */
function boundPort(/** @type {import("node:stream").Readable} */ output) {
  return new Promise((resolve) => {
    let text = "";
    output.on("data", function listen(/** @type {Buffer} */ chunk) {
      text += chunk.toString();
      const port = /^Extension host agent listening on (\d+)\n/m.exec(text)?.[1];
      if (!port) return;
      output.off("data", listen);
      resolve(Number(port));
    });
  });
}

async function startError(/** @type {string} */ what, /** @type {string} */ logFile, /** @type {number} */ port) {
  const log = await readFile(logFile, "utf8");
  if (log.includes("EADDRINUSE")) return new Error(`Port ${port} is in use: name another one with --port.`);
  return new Error(`VS Code's server did not start: ${what}. The end of its log:\n${log.slice(-2000)}`);
}
