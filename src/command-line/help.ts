// The parts of the help that no table holds: what the commands are for, examples, and where a flag means something else
// than in most programs. Everything shown here works as it stands, given the file or server that it names.

/** First lines of `mcpo --help`; commander puts "Usage: mcpo " in front. */
export const programUsage = `[options] -- COMMAND [ARG...]                    one MCP server, started here
       mcpo [options] --server-type TYPE -- URL              one MCP server elsewhere
       mcpo [options] --config FILE [--hot-reload]           many MCP servers
       mcpo check|openapi|reload [options] ...               see below`;

export const programDescription = 'Serves the tools of MCP servers as plain HTTP operations, with an OpenAPI document.';

/** Below the options of `mcpo --help`. */
export const programHelp = `
Commands:
  mcpo check --config FILE    check the configuration and print what it comes to, secrets masked
  mcpo openapi ...            start the servers, print the OpenAPI document, end
  mcpo reload                 have the running program read its file again, and print what changed
  mcpo version                print the version of this program
  mcpo help [COMMAND]         show help, as --help does

Examples:
  mcpo --port 8000 --api-key "top-secret" -- npx -y @modelcontextprotocol/server-memory
  mcpo --server-type sse --header "Authorization: Bearer TOKEN" -- http://127.0.0.1:8001/sse
  mcpo --server-type streamable-http -- http://127.0.0.1:8002/mcp
  mcpo --config config.json --hot-reload
  mcpo check --config config.json
  mcpo reload --config config.json
  mcpo openapi --config config.json > openapi.json

Notes:
  Everything after the first "--" belongs to the server, untouched.
  Each option can be given as a variable: MCPO_PORT, MCPO_API_KEY, MCPO_CONFIG, and so on. A flag
  beats a variable, a variable beats the "mcpo" object of the file, and of a flag given twice the
  last one counts. --no-strict-auth and --no-hot-reload switch off what a variable switched on.
  -h is --host and -v is --version, which sets the version of the document: use --help and
  "mcpo version" for the other meanings.
  Exit code: 0 after a clean end, 1 if the port is taken, the only server does not start or a reload
  is refused, 2 for bad input.
`;

/** Below the usage line of each command's own help. */
export function commandHelp(command: keyof typeof commandUsage): string {
  return texts[command];
}

export const commandUsage = {
  check: '[options] --config FILE',
  openapi: '[options] --config FILE | -- COMMAND [ARG...]',
  reload: '[--config FILE]',
  version: '[--help]',
} as const;

const texts = {
  check: `
Checks options, variables and the configuration file without starting anything, and prints what they
come to. Values of "env" and "headers", keys, and passwords and queries of URLs are masked. The exit
code is 2 where something is wrong, with a sentence that names the place.

It takes the options of mcpo; "mcpo --help" shows them.

Examples:
  mcpo check --config config.json
  mcpo check --api-key "top-secret" -- npx -y @modelcontextprotocol/server-memory
`,
  openapi: `
Starts the servers, waits until each has answered or failed, prints the OpenAPI document to stdout
and ends. Log lines go to stderr. It listens on a free port of this machine only, so it can run beside
a proxy. A server of a file that fails is missing in the document; if the only server of a command
line fails, the exit code is 1.

It takes the options of mcpo too; "mcpo --help" shows them. --public-url sets the address in the
document.

Examples:
  mcpo openapi --config config.json > openapi.json
  mcpo openapi --openapi-version 3.0 --refs components --config config.json > openapi.json
  mcpo openapi -- npx -y @modelcontextprotocol/server-memory > openapi.json
`,
  reload: `
Asks the mcpo that serves the configuration file FILE to read it again, waits, and prints what changed.
It has to run on the same machine and as the same user as that program. Without --config (and without
the variable MCPO_CONFIG) it asks the only one that was started with a file. SIGHUP does the same, and
says nothing.

Exit code: 0 if the file is in force, changed or not; 1 if it was refused, with the reason, while the
configuration in force stays, or if no such program runs; 2 for bad input.

Examples:
  mcpo reload
  mcpo reload --config config.json
`,
  version: `
Prints the version of this program. The option --version (-v) sets the version of the document.
`,
} as const;
