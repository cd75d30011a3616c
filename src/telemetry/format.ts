// Amounts as people read them, the same in log lines and in the start message. Exact numbers are in the fields of a
// log line; here they are rounded to what a reader can use.

/** `12 ms` below a tenth of a second, `0.4 s` above. */
export function formatDuration(durationMs: number): string {
  return durationMs < 100 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

export function formatTools(tools: number): string {
  return tools === 1 ? '1 tool' : `${tools} tools`;
}
