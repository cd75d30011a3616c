// Amounts as people read them, the same in log lines and in the start message.

/** `12 ms` below a tenth of a second, `0.4 s` above. */
export function formatDuration(durationMs: number): string {
  return durationMs < 100 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

export function formatTools(tools: number): string {
  return tools === 1 ? '1 tool' : `${tools} tools`;
}
