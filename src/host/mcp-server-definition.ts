// The MCP server (`inversion-lab mcp`) as VS Code offers it to its agents, where it is new enough to take such: since 1.101.

import process from "node:process";
import * as vscode from "vscode";
import { cacheFolder } from "./read-settings.ts";

/** As in the manifest. */
const ID = "inversionLab";

const SINCE = 101;

/** What the types of the oldest VS Code that we run in do not have yet. */
interface NewerApi {
  readonly lm?: {
    registerMcpServerDefinitionProvider?(
      id: string,
      provider: { provideMcpServerDefinitions(): unknown[] },
    ): vscode.Disposable;
  };
  readonly McpStdioServerDefinition?: new (
    label: string,
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    version: string,
  ) => unknown;
}

/** In a workspace that is trusted the server may use its folders; it downloads nothing. */
export function registerMcpServer({ extension, extensionUri }: vscode.ExtensionContext): vscode.Disposable[] {
  const [major, minor] = vscode.version.split(".").map(Number);
  const { lm, McpStdioServerDefinition: Definition } = vscode as NewerApi;
  // 1.100 has the function, and throws for whoever calls it.
  if (major < 2 && minor < SINCE) return [];
  if (!lm?.registerMcpServerDefinitionProvider || !Definition) return [];
  const provider = {
    provideMcpServerDefinitions() {
      const program = vscode.Uri.joinPath(extensionUri, "dist", "cli.cjs").fsPath;
      const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
      const allowed = folders.flatMap(({ uri }) => (uri.scheme === "file" ? ["--allow", uri.fsPath] : []));
      const args = [program, "mcp", "--cache", cacheFolder(), ...allowed];
      // VS Code's own program is Node where it is asked to be.
      const env = { ELECTRON_RUN_AS_NODE: "1" };
      const { version } = extension.packageJSON as { readonly version: string };
      return [new Definition("Inversion Lab", process.execPath, args, env, version)];
    },
  };
  return [lm.registerMcpServerDefinitionProvider(ID, provider)];
}
