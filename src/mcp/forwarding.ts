// Where header fields of a caller go: to a remote server as fields of the request, to any server in `_meta` of the call.
// What the operator set wins, in whatever spelling. Which fields of a caller come this far is server/access/forwarded.ts.

/** Names in lower case. */
type Fields = Readonly<Record<string, string>>;

/** Fields for the request to a remote server. `ownAuthorization`: users sign in to it, and it gets their tokens. */
export function toHttpHeaders(forwarded: Fields | undefined, operators: Fields, ownAuthorization: boolean): Fields {
  const free = besides(forwarded, operators);
  if (!ownAuthorization) return free;
  const { authorization: _, ...others } = free;
  return others;
}

/** The member of `_meta` for them, as JSON text with its name; undefined where there is nothing to tell. */
export function toMeta(forwarded: Fields | undefined, operators: Fields): string | undefined {
  const fields = Object.entries(besides(forwarded, operators)).map(([name, value]) => [name, asText(value)]);
  return fields.length === 0 ? undefined : `"mcpo/headers":${JSON.stringify(Object.fromEntries(fields))}`;
}

/** `_meta` as text, with one member more; undefined where there are none. */
export function withMetaMember(meta: string | undefined, member: string | undefined): string | undefined {
  if (member === undefined) return meta;
  const others = meta?.trim().slice(1, -1).trim() ?? '';
  return others === '' ? `{${member}}` : `{${others},${member}}`;
}

/** Bytes of a header field, which Node gives as one character each, as the text that most senders mean. */
export function asText(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : value;
}

/** Many servers take `x_user` for `x-user`, and would find the operator's word and the caller's under one name. */
function besides(forwarded: Fields | undefined, operators: Fields): Fields {
  if (forwarded === undefined) return {};
  const taken = new Set(Object.keys(operators).map(spelling));
  return Object.fromEntries(Object.entries(forwarded).filter(([name]) => !taken.has(spelling(name))));
}

function spelling(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
