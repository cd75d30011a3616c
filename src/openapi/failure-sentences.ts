// Puts into words how a value does not fit its schema. Models read these texts and repair their call: each says what is
// wrong and what is expected, in few words, and none dumps a value. Which failures there are is the validator's
// matter, and the words for each keyword are in keyword-sentences.ts.

import type { ErrorPlace } from '../errors.ts';
import { step, toFragment } from '../json/schema/pointer.ts';
import type { Failure } from '../json/schema/verdict.ts';
import { storyOf } from './closest-branch.ts';
import { mustBe, sentenceOf, type Telling } from './keyword-sentences.ts';
import { cutText } from './text.ts';

export interface Told {
  /** At least one, at most 20. */
  readonly places: readonly ErrorPlace[];
  /** The first three in a row, without a full stop: `"city" is required; "days" must be an integer; and 4 more`. */
  readonly summary: string;
}

const MAX_PLACES = 20;
const MAX_TOLD = 3;
const MAX_PATH_CHARS = 100;
/** Enough for 500 levels of names as people give them; a name can be as long as the body. */
const MAX_POINTER_CHARS = 4_000;
/** Of a union whose branches come equally close. */
const MAX_ALTERNATIVES = 3;

export function tellFailures(failures: readonly Failure[], telling: Telling): Told {
  const remarks = distinct(failures.flatMap((failure) => remarksOn(failure, telling)));
  const places = remarks.slice(0, MAX_PLACES).map(placeOf);
  const told = remarks.slice(0, MAX_TOLD).map(({ path, detail }) => `${subjectOf(path)} ${detail}`);
  const rest = remarks.length - told.length;
  if (rest > 0) told.push(`and ${rest} more`);
  return { places, summary: told.join('; ') };
}

type Path = Failure['path'];

interface Remark {
  readonly path: Path;
  readonly keyword: string;
  /** Goes on where a subject stopped: `is required`. */
  readonly detail: string;
}

function remarksOn(failure: Failure, telling: Telling): Remark[] {
  const { path, property, keyword, branches = [] } = failure;
  if (branches.length === 0) {
    const place = property === undefined ? path : [...path, property];
    return [{ path: place, keyword, detail: sentenceOf(failure, telling) }];
  }
  const story = storyOf(failure, branches);
  if (story.kind === 'kinds') return [{ path, keyword, detail: mustBe(story, failure.actual, telling) }];
  const inner = story.failures.flatMap((one) => remarksOn(one, telling));
  if (story.kind === 'branch') return inner;
  const alternatives = distinct(inner);
  return alternatives.length === 1 ? alternatives : [{ path, keyword, detail: either(alternatives, path) }];
}

function either(remarks: readonly Remark[], path: Path): string {
  const told = remarks.slice(0, MAX_ALTERNATIVES);
  if (remarks.every((remark) => remark.path.length === path.length)) {
    return told.map(({ detail }) => detail).join(', or ');
  }
  const texts = told.map((remark) => `${subjectOf(remark.path.slice(path.length))} ${remark.detail}`);
  return `fits none of its forms: ${texts.join(', or ')}`;
}

/** The same only once; and where the right values are listed, what type they are needs no saying. */
function distinct(remarks: readonly Remark[]): Remark[] {
  const listed = new Set<string>();
  for (const { path, keyword } of remarks) {
    if (keyword === 'enum' || keyword === 'const') listed.add(JSON.stringify(path));
  }
  const seen = new Set<string>();
  return remarks.filter(({ path, keyword, detail }) => {
    const place = JSON.stringify(path);
    const known = seen.has(place + detail) || (keyword === 'type' && listed.has(place));
    seen.add(place + detail);
    return !known;
  });
}

/** Where the path is too long, the pointer ends before, and the detail names the rest. */
function placeOf({ path, detail }: Remark): ErrorPlace {
  let pointer = '#';
  for (const [index, name] of path.entries()) {
    const isLong = String(name).length > MAX_POINTER_CHARS;
    const next = isLong ? undefined : pointer + fragmentOf(name);
    if (next === undefined || next.length > MAX_POINTER_CHARS) {
      return { pointer, detail: `${subjectOf(path.slice(index))} ${detail}` };
    }
    pointer = next;
  }
  return { pointer, detail };
}

/** A lone surrogate cannot stand in a URI: its place is shown by the character for what cannot be shown. */
function fragmentOf(name: string | number): string {
  return toFragment(step('', String(name)).replaceAll(/\p{Surrogate}/gu, '\ufffd')) ?? '';
}

/** `"items[0].id"`. */
function subjectOf(path: Path): string {
  if (path.length === 0) return 'the whole value';
  const steps = path.map((name) => (typeof name === 'number' ? `[${name}]` : `.${name}`));
  return JSON.stringify(cutText(steps.join('').replace(/^\./, ''), MAX_PATH_CHARS));
}
