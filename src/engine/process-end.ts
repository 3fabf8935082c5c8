// Why the engine process ended, as a sentence for the person whose run it took along.

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly ready: boolean;
  readonly complaint: string | undefined;
}

const LESS_MEMORY = "Memory mode low, fewer blocks, fewer restarts or a shorter text need less.";

/** What a signal means when nobody sent it on purpose. */
const SIGNALS: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: `was killed (SIGKILL), as systems do when memory runs out. ${LESS_MEMORY}`,
  SIGABRT: `gave up (SIGABRT), as programs do when memory runs out. ${LESS_MEMORY}`,
  SIGSEGV: "crashed (SIGSEGV).",
  SIGBUS: "crashed (SIGBUS), as happens when a weights file is cut short while it is in use.",
  SIGILL: "crashed (SIGILL): this processor lacks an instruction that it uses.",
  SIGFPE: "crashed (SIGFPE).",
};

/** One or two sentences, and the process's own words where it left some. */
export function describeEnd({ code, signal, ready, complaint }: ProcessEnd): string {
  const words = complaint && signal !== "SIGKILL" ? ` Its last words: ${complaint}` : "";
  if (!ready) return `The engine process could not be started: it ${how(code, signal)}${words}`;
  return `The engine process ${how(code, signal)} What it had told is kept, and the next run starts a new one.${words}`;
}

function how(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal) return SIGNALS[signal] ?? `was ended by ${signal}.`;
  // Windows reports a crash as an exit code, an NTSTATUS of severity "error".
  if (code !== null && code >= 0xc0000000) return `crashed (0x${code.toString(16)}).`;
  return `ended with exit code ${code ?? "unknown"}.`;
}
