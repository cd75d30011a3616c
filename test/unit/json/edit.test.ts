import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, type Edit } from '../../../src/json/edit.ts';

function replace(path: Edit['path'], text: string): Edit {
  return { kind: 'replace', path, text };
}

function drop(...path: Edit['path']): Edit {
  return { kind: 'drop', path };
}

describe('applyEdits', () => {
  it('changes one value and nothing around it', () => {
    const text = ' {"a" : 1.0,\n "b\\u0022": [ "5" , {"c":"x" } ],"d":9007199254740993 } ';
    const edits = [replace(['b"', 0], '5'), replace(['b"', 1, 'c'], 'true')];
    expect(applyEdits(text, edits)).toBe(text.replace('"5"', '5').replace('"x"', 'true'));
    expect(applyEdits(text, [])).toBe(text);
    expect(applyEdits(' [1] ', [replace([], '{"a":2}')])).toBe(' {"a":2} ');
  });

  it.each([
    ['{ "a": 1 , "b": 2, "c": 3 }', ['a'], '{ "b": 2, "c": 3 }'],
    ['{ "a": 1 , "b": 2, "c": 3 }', ['b'], '{ "a": 1, "c": 3 }'],
    ['{ "a": 1 , "b": 2, "c": 3 }', ['c'], '{ "a": 1 , "b": 2 }'],
    ['{ "a": 1 , "b": 2, "c": 3 }', ['a', 'b'], '{ "c": 3 }'],
    ['{ "a": 1 , "b": 2, "c": 3 }', ['a', 'c'], '{ "b": 2 }'],
    ['{ "a": 1 , "b": 2, "c": 3 }', ['b', 'c'], '{ "a": 1 }'],
    ['{ "a": 1 , "b": 2, "c": 3 }', ['c', 'a', 'b'], '{ }'],
    ['{"a":{"x":[1,{}]}}', ['a'], '{}'],
  ])('drops from %s the members %j', (text, keys, expected) => {
    const edited = applyEdits(
      text,
      keys.map((key) => drop(key)),
    );
    expect(edited.replaceAll(/\s+/g, ' ')).toBe(expected);
  });

  it('drops beside members that are edited inside', () => {
    const text = '{"a":{"x":null,"y":"1"},"b":null,"c":["2"]}';
    const edits = [drop('b'), drop('a', 'x'), replace(['a', 'y'], '1'), replace(['c', 0], '2')];
    expect(applyEdits(text, edits)).toBe('{"a":{"y":1},"c":[2]}');
  });

  it('does nothing where the path leads nowhere', () => {
    const text = '{"a":[1,{"b":2}],"c":"x"}';
    const edits = [
      replace(['x'], '0'),
      replace(['a', 2], '0'),
      replace(['a', '0'], '0'),
      replace(['a', 1, 'b', 'c'], '0'),
      replace([0], '0'),
      drop('c', 'x'),
      drop('a', 0),
      drop(),
    ];
    expect(applyEdits(text, edits)).toBe(text);
  });

  it('lets the outer of two edits win, and the last of two of one place', () => {
    expect(applyEdits('{"a":{"b":1}}', [replace(['a', 'b'], '2'), replace(['a'], '3')])).toBe('{"a":3}');
    expect(applyEdits('{"a":1}', [replace(['a'], '2'), replace(['a'], '3')])).toBe('{"a":3}');
  });

  it('knows keys however they are written, and edits both of two', () => {
    expect(applyEdits('{"\\u0061":1,"__proto__":2}', [replace(['a'], '3'), drop('__proto__')])).toBe('{"\\u0061":3}');
    expect(applyEdits('{"a":1,"b":2,"a":3}', [drop('a')])).toBe('{"b":2}');
  });

  it('reaches any depth', () => {
    const depth = 100_000;
    const nest = (leaf: string) => '[{"a":'.repeat(depth) + leaf + '}]'.repeat(depth);
    const path = Array.from({ length: depth }, () => [0, 'a']).flat();
    expect(applyEdits(nest('"5"'), [replace(path, '5')]) === nest('5')).toBe(true);
  });

  it('makes many edits in one walk', () => {
    const count = 50_000;
    const text = JSON.stringify(Array.from({ length: count }, (_, index) => String(index)));
    const edits = Array.from({ length: count }, (_, index) => replace([index], String(index)));
    expect(applyEdits(text, edits) === text.replaceAll('"', '')).toBe(true);
  });

  it('keeps everything else of any text', () => {
    const places = fc.array(fc.nat(), { maxLength: 6 });
    const indents = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(fc.jsonValue(), indents, places, fc.boolean(), (value, indent, picks, drops) => {
        const text = JSON.stringify(value, null, indent);
        const all = pathsOf(JSON.parse(text));
        const chosen = new Set(picks.map((pick) => pick % all.length));
        const paths = all.filter((_, index) => chosen.has(index));
        const mark = '"\u{1f6a9}"';
        const edits = paths.map((path) => {
          return drops && typeof path.at(-1) === 'string' ? drop(...path) : replace(path, mark);
        });
        const edited = applyEdits(text, edits);
        expect(JSON.parse(edited)).toEqual(editValue(JSON.parse(text), edits));
        // What is left of the text stands there in the same order.
        let at = 0;
        for (const piece of edited.split(mark)) {
          for (const char of piece) at = text.indexOf(char, at) + 1 || Number.NaN;
        }
        expect(at).not.toBeNaN();
      }),
    );
  });
});

/** The paths of all values in a value, outer ones first. */
function pathsOf(value: unknown, path: Edit['path'] = []): Edit['path'][] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value)
    ? value.flatMap((item, index) => pathsOf(item, [...path, index]))
    : Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]));
  return [path, ...inner];
}

/** The same edits, made in the value from the innermost outwards. */
function editValue(value: unknown, edits: readonly Edit[]): unknown {
  const root: Record<string | number, unknown> = { value };
  for (const edit of edits.toReversed()) {
    const path = ['value', ...edit.path];
    const last = path.pop() ?? '';
    let container = root;
    for (const step of path) container = container[step] as typeof root;
    if (edit.kind === 'drop') delete container[last];
    else container[last] = JSON.parse(edit.text);
  }
  return root['value'];
}
