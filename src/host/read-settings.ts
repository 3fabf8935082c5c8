// The person's settings as VS Code has them.

import * as vscode from "vscode";
import { homeFolder } from "../common/folders.ts";
import { cacheFolderFromSettings, type ReadSetting } from "../session/settings.ts";

export const readSetting: ReadSetting = (name) => vscode.workspace.getConfiguration("inversionLab").get(name);

/** Where weights and records are kept. Throws a LabError (badInput). */
export const cacheFolder = (): string =>
  cacheFolderFromSettings(readSetting, { env: process.env, platform: process.platform, home: homeFolder() });
