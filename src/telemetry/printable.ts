// Text from outside (tool servers, files) made fit for one line of a log or a terminal: control characters, terminal
// escape sequences and characters that reorder a line are taken out. The words themselves stay as they are.

/** Escape sequences as terminals read them: colours, cursor movements, window titles and links. */
// oxlint-disable-next-line no-control-regex -- control characters are the subject
const escapeSequences = /\u001B(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/gu;

/** C0 and C1 controls, line separators, and the bidirectional controls of Unicode. */
// oxlint-disable-next-line no-control-regex -- control characters are the subject
const controls = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]+/gu;

/** One line, safe to print. */
export function printable(text: string): string {
  return text.replace(escapeSequences, '').replace(controls, ' ').trim();
}
