// From which length on JSON text is not read where other calls wait. Reading takes up to 30 ms per MiB, in one piece.

/** Bytes, or characters. */
export const LONG_JSON = 4 * 1024 * 1024;
