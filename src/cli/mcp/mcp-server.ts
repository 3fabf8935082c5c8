// `inversion-lab mcp`: a Model Context Protocol server on standard input and output, until the client closes it.

import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { LabError, messageOf } from "../../common/errors.ts";
import { runsFolder } from "../../common/folders.ts";
import { subjectOf } from "../../describe/spec-subject.ts";
import { RunIndex } from "../../records/run-index.ts";
import { exportRuns, type ExportFormat } from "../../reports/run-export.ts";
import { type CliContext, EXIT, tell } from "../io.ts";
import { Access } from "./mcp-access.ts";
import { recorded, type ToolResult, toolsOf } from "./mcp-tools.ts";

export interface McpFlags {
  readonly allow?: readonly string[];
  readonly allowDownload?: boolean;
  readonly cache?: string;
}

/** What a run's record is given as. */
const RESOURCES = {
  md: { type: "text/markdown", title: "summary" },
  csv: { type: "text/csv", title: "every shown iteration" },
  svg: { type: "image/svg+xml", title: "plots" },
  json: { type: "application/json", title: "the whole record" },
} as const satisfies Partial<Record<ExportFormat, { readonly type: string; readonly title: string }>>;
type ResourceFormat = keyof typeof RESOURCES;

const SCHEME = "inversion-lab-run://";
const uriOf = (run: string, format: ResourceFormat): string => `${SCHEME}${encodeURIComponent(run)}.${format}`;
/** Runs whose records are listed. */
const MOST_LISTED = 50;
/** Between two notifications of progress, at least. */
const PROGRESS_MS = 250;

/** Serves until the client is gone, or the command is stopped; resolves to the exit code. */
export async function serveMcp(flags: McpFlags, version: string, context: CliContext): Promise<number> {
  const cacheFolder = flags.cache ?? context.cacheFolder;
  const runs = runsFolder(cacheFolder);
  // The engine and every other process of this one read it, so that nothing is downloaded behind the person's back.
  if (!flags.allowDownload) process.env["HF_HUB_OFFLINE"] = "1";
  const hub = flags.allowDownload ? context.hub : { ...context.hub, offline: true };
  const engine = context.createEngine(cacheFolder, (line) => tell(context, line));
  const access = new Access(flags.allow ?? []);
  const tools = toolsOf({ context: { ...context, hub }, engine, cacheFolder, access });
  const server = new Server(
    { name: "inversion-lab", title: "Inversion Lab", version },
    {
      capabilities: { tools: {}, resources: {} },
      instructions:
        "Experiments on sub-networks of GPT-2: which inputs have the hidden states of a text (invert), which text a layer's " +
        "states determine, each token proved (exact), and how far an input can move while the output stays (walk). Start " +
        "with checkpoint mini, which is trained and small.",
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, title, description, inputSchema, readOnly }) => ({
      ...{ name, title, description },
      inputSchema: inputSchema as { type: "object" },
      annotations: { readOnlyHint: readOnly, destructiveHint: false, openWorldHint: false },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification }) => {
    const tool = tools.find(({ name }) => name === params.name);
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}.`);
    const progressToken = params._meta?.progressToken;
    let last = -Infinity;
    const onProgress = (progress: number, message: string): void => {
      const now = context.now();
      if (progressToken === undefined || signal.aborted || now - last < PROGRESS_MS) return;
      last = now;
      const told = {
        method: "notifications/progress" as const,
        params: { progressToken, progress, total: 1, message },
      };
      sendNotification(told).catch(() => undefined); // Who has gone needs no news.
    };
    try {
      return resultFor(await tool.call({ args: params.arguments ?? {}, signal, onProgress }));
    } catch (error) {
      if (!(error instanceof LabError))
        tell(context, error instanceof Error ? (error.stack ?? error.message) : String(error));
      return { isError: true, content: [{ type: "text", text: messageOf(error) }] };
    }
  });
  server.setRequestHandler(ListResourcesRequestSchema, async () => {
    const index = new RunIndex(runs);
    await index.refresh();
    return {
      resources: index.list.slice(0, MOST_LISTED).map(({ id, spec }) => ({
        uri: uriOf(id, "md"),
        name: id,
        title: subjectOf(spec).slice(0, 100),
        mimeType: RESOURCES.md.type,
      })),
    };
  });
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: Object.entries(RESOURCES).map(([format, { type, title }]) => ({
      uriTemplate: `${SCHEME}{run}.${format}`,
      name: `A run: ${title}`,
      mimeType: type,
    })),
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }) => {
    const { run, format } = parsed(uri);
    const text = exportRuns([await recorded(runs, run).catch(invalid)], format);
    return { contents: [{ uri, mimeType: RESOURCES[format].type, text }] };
  });
  try {
    const transport = new StdioServerTransport(context.stdin, context.stdout);
    await new Promise<void>((resolve, reject) => {
      server.onclose = resolve;
      context.stdin.once("end", resolve).once("close", resolve);
      context.signal.addEventListener("abort", () => resolve());
      server.connect(transport).catch(reject);
    });
  } finally {
    await server.close();
    await engine.dispose();
  }
  return EXIT.done;
}

function resultFor({ text, structured, runs = [] }: ToolResult): CallToolResult {
  const links = runs.flatMap((run) =>
    (["md", "csv", "svg"] as const).map((format) => ({
      type: "resource_link" as const,
      uri: uriOf(run, format),
      name: `${run}.${format}`,
      title: RESOURCES[format].title,
      mimeType: RESOURCES[format].type,
    })),
  );
  return { content: [{ type: "text", text }, ...links], ...(structured && { structuredContent: structured }) };
}

function parsed(uri: string): { run: string; format: ResourceFormat } {
  const [, name, format] = /^inversion-lab-run:\/\/([^/]+)\.(\w+)$/.exec(uri) ?? [];
  if (name === undefined || !Object.hasOwn(RESOURCES, format)) return invalid(`There is no resource ${uri}.`);
  try {
    return { run: decodeURIComponent(name), format: format as ResourceFormat };
  } catch {
    return invalid(`There is no resource ${uri}.`);
  }
}

const invalid = (why: unknown): never => {
  throw new McpError(ErrorCode.InvalidParams, typeof why === "string" ? why : messageOf(why));
};
