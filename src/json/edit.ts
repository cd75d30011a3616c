// Changes single values in JSON text and leaves every other character as it is: spaces, the order of keys, the
// spelling of numbers, escapes. Takes text that JSON.parse accepts, walks it once however many edits there are, and
// never recurses. An edit whose path leads nowhere does nothing; one inside of another counts for nothing.

import { skipSpace, skipString, skipValue, stringAt } from './scan.ts';

export type Path = readonly (string | number)[];

export type Edit =
  /** The value at `path` becomes this JSON text. */
  | { readonly kind: 'replace'; readonly path: Path; readonly text: string }
  /** The member at `path` of an object goes, with its key and a comma. */
  | { readonly kind: 'drop'; readonly path: Path };

/** Where an object has a key twice, both members are edited. Of two edits of one place the last counts. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let copied = 0;
  for (const splice of splicesOf(text, toTree(edits))) {
    pieces.push(text.slice(copied, splice.start), splice.text);
    copied = splice.end;
  }
  pieces.push(text.slice(copied));
  return pieces.join('');
}

/** The edits by the steps of their paths. */
interface Tree {
  edit: Edit | undefined;
  readonly children: Map<string | number, Tree>;
}

function toTree(edits: readonly Edit[]): Tree {
  const root: Tree = { edit: undefined, children: new Map() };
  for (const edit of edits) {
    let tree = root;
    for (const step of edit.path) {
      let child = tree.children.get(step);
      if (child === undefined) {
        child = { edit: undefined, children: new Map() };
        tree.children.set(step, child);
      }
      tree = child;
    }
    tree.edit = edit;
  }
  return root;
}

/** `text` in place of what stands from `start` to `end`. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An object or array whose members are walked. */
interface Frame {
  readonly tree: Tree;
  readonly isObject: boolean;
  /** Of the next element of an array. */
  index: number;
  /** Whether a member before the current one stays. */
  kept: boolean;
  /** Of the value before, which ends where its comma may stand. */
  end: number;
}

/** In order, and none overlaps another. */
function splicesOf(text: string, root: Tree): Splice[] {
  const splices: Splice[] = [];
  const open: Frame[] = [];
  /** Past the value at `start`, or into it where something in there is edited. */
  const enter = (tree: Tree | undefined, start: number): number => {
    if (tree?.edit?.kind === 'replace') {
      const end = skipValue(text, start);
      splices.push({ start, end, text: tree.edit.text });
      return end;
    }
    const first = text[start];
    if (tree === undefined || tree.children.size === 0 || (first !== '{' && first !== '[')) {
      return skipValue(text, start);
    }
    open.push({ tree, isObject: first === '{', index: 0, kept: false, end: start + 1 });
    return start + 1;
  };
  let at = enter(root, skipSpace(text, 0));
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    if (frame.index > 0) frame.end = at;
    at = skipSpace(text, at);
    if (text[at] === ',') at = skipSpace(text, at + 1);
    if (text[at] === '}' || text[at] === ']') {
      open.pop();
      at++;
      continue;
    }
    const member = at;
    let key: string | number = frame.index++;
    if (frame.isObject) {
      const keyEnd = skipString(text, at);
      key = stringAt(text, at, keyEnd);
      // Past the colon.
      at = skipSpace(text, skipSpace(text, keyEnd) + 1);
    }
    const child = frame.tree.children.get(key);
    if (child?.edit?.kind === 'drop' && frame.isObject) {
      at = skipValue(text, at);
      splices.push(dropOf(text, frame, member, at));
    } else {
      frame.kept = true;
      at = enter(child, at);
    }
  }
  return splices;
}

/** With the comma before it, or, where nothing before it stays, with the one behind it. */
function dropOf(text: string, frame: Frame, start: number, end: number): Splice {
  if (frame.kept) return { start: frame.end, end, text: '' };
  const behind = skipSpace(text, end);
  return { start, end: text[behind] === ',' ? skipSpace(text, behind + 1) : end, text: '' };
}
