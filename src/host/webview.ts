// Puts one of the extension's pages into a webview.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { pageHtml } from "./page.ts";

/** `name` is that of the page's files in dist/webview. */
export function fillWebview(webview: vscode.Webview, extensionUri: vscode.Uri, name: string, title: string): void {
  const folder = vscode.Uri.joinPath(extensionUri, "dist", "webview");
  const resource = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  webview.html = pageHtml({
    title,
    cspSource: webview.cspSource,
    script: resource(`${name}.js`),
    style: resource(`${name}.css`),
    nonce: randomBytes(16).toString("base64"),
    texts: { language: vscode.env.language, bundle: vscode.l10n.bundle },
  });
}
