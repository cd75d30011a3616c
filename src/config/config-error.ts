// What is thrown for every mistake in flags, variables or the configuration file.
// The message is one sentence that names the flag, the variable, or the file with line and column, and says what to
// do; it never quotes a value, because any value may be a secret.

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
