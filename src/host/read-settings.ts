// The person's settings as VS Code has them.

import os from "node:os";
import * as vscode from "vscode";
import { cacheFolderFromSettings, type ReadSetting } from "../session/settings.ts";

export const readSetting: ReadSetting = (name) => vscode.workspace.getConfiguration("inversionLab").get(name);

/** Where weights and records are kept. Throws a LabError (badInput). */
export const cacheFolder = (): string =>
  cacheFolderFromSettings(readSetting, { env: process.env, platform: process.platform, home: os.homedir() });
