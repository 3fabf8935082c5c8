// Puts one of the extension's pages into a webview.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { pageHtml } from "./page-html.ts";

/** How long the first page may take to say that it is there. Each after it may take twice as long: it may just be slow. */
const READY_TIMEOUT_MS = 5000;
const ATTEMPTS = 6;

/**
 * `name` is that of the page's files in dist/webview. VS Code in a browser now and then loads a page before what serves its
 * files is there, and it stays blank: a page that does not say that it is there is put in again. The result is to be called
 * when it does, and when the webview goes.
 */
export function fillWebview(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  name: string,
  title: string,
): () => void {
  const folder = vscode.Uri.joinPath(extensionUri, "dist", "webview");
  const resource = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  let timer: NodeJS.Timeout | undefined;
  const fill = (attempt: number): void => {
    webview.html = pageHtml({
      title,
      cspSource: webview.cspSource,
      script: resource(`${name}.js`),
      style: resource(`${name}.css`),
      nonce: randomBytes(16).toString("base64"),
      texts: { language: vscode.env.language, bundle: vscode.l10n.bundle },
    });
    if (attempt < ATTEMPTS) timer = setTimeout(() => fill(attempt + 1), READY_TIMEOUT_MS * 2 ** (attempt - 1));
  };
  fill(1);
  return () => clearTimeout(timer);
}
