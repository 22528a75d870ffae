// The attributes of an entry by their names: repetitions, operators and numbers of values as xinetd takes them.
import { nearestWord } from '../nearest.ts';
import type { Assignment } from './assignments.ts';
import {
  type Attribute,
  type AttributeName,
  attributeNames,
  findAttribute,
  goneAttributes,
} from './attribute-rules.ts';
import type { Entry } from './entries.ts';
import { type Notes, placeOf, type Word } from './notes.ts';

/** What counts of that which was written. */
export type Attributes = {
  /** The assignments of a set, in order; undefined where there is none. */
  all(name: AttributeName): readonly Assignment[] | undefined;
  /** The values of an attribute that is said once. */
  values(name: AttributeName): readonly Word[] | undefined;
  /** The first of them. */
  one(name: AttributeName): Word | undefined;
  /** The word of the attribute itself. */
  place(name: AttributeName): Word | undefined;
};

const checkText = (assignment: Assignment, notes: Notes): boolean => {
  const broken = assignment.values.find(({ text }) => /[\0\uFFFD]/.test(text));
  if (broken === undefined) return true;
  notes.error(broken, 'this is not text in UTF-8', 'write the file in UTF-8, without NUL characters');
  return false;
};

const warnOfUnknown = ({ name }: Assignment, kind: Entry['kind'], notes: Notes): void => {
  const gone = goneAttributes.get(name.text.toLowerCase());
  if (gone !== undefined) {
    notes.warn(name, `the attribute '${name.text}' has no effect: ${gone}`, 'remove it');
    return;
  }
  const nearest = nearestWord(name.text, attributeNames);
  const advice = nearest === undefined ? 'remove it, or look it up' : `did you mean ${nearest}?`;
  const where = kind === 'service' ? 'service' : 'defaults';
  notes.warn(name, `bad ${where} attribute '${name.text}': the line is ignored`, advice);
};

/** The values that count; undefined where xinetd ignores the line. */
const countValues = (
  { name, values }: Assignment,
  { rule }: Attribute,
  notes: Notes,
): readonly Word[] | undefined => {
  const { values: expected, isGuard } = rule;
  if (typeof expected === 'string' || values.length === expected) return values;
  const found = values.length === 0 ? 'none' : String(values.length);
  const what = `'${name.text}' takes ${expected === 1 ? 'one value' : 'two values'}, not ${found}`;
  if (isGuard && expected === 1 && values.length > 1) {
    notes.warn(name, `${what}: only the first counts, where xinetd ignores the line`, 'write one value');
    return values.slice(0, 1);
  }
  notes.warn(
    name,
    `${what}: the line is ignored`,
    `write ${name.text} = VALUE${expected === 2 ? ' VALUE' : ''}`,
  );
  return undefined;
};

const mayStand = ({ name }: Assignment, { rule }: Attribute, kind: Entry['kind'], notes: Notes): boolean => {
  if (rule.places === 'both' || rule.places === kind) return true;
  const other = kind === 'defaults' ? 'a service' : 'defaults';
  const where = kind === 'defaults' ? 'in defaults' : 'in a service';
  notes.warn(
    name,
    `'${name.text}' has no effect ${where}: the line is ignored`,
    `write it in ${kind === 'defaults' ? 'each service' : other}`,
  );
  return false;
};

/** Entries are more than one only where several files have defaults: then the first to say something once is right. */
export const readAttributes = (entries: readonly Entry[], kind: Entry['kind'], notes: Notes): Attributes => {
  const found = new Map<AttributeName, Assignment[]>();
  for (const assignment of entries.flatMap((entry) => entry.assignments)) {
    const { name, operator } = assignment;
    const attribute = findAttribute(name.text);
    if (attribute === undefined) {
      warnOfUnknown(assignment, kind, notes);
      continue;
    }
    if (!mayStand(assignment, attribute, kind, notes)) continue;
    const earlier = found.get(attribute.name);
    if (attribute.rule.isSet) {
      if (!checkText(assignment, notes)) continue;
      if (earlier === undefined) found.set(attribute.name, [assignment]);
      else earlier.push(assignment);
      continue;
    }
    if (earlier !== undefined) {
      const [first] = earlier;
      notes.warn(
        name,
        `attribute already set: '${name.text}' of ${first === undefined ? 'above' : placeOf(first.name)} counts, this line is ignored`,
        'keep one of them',
      );
      continue;
    }
    if (operator !== '=') {
      const isTaken = attribute.rule.isGuard && operator === '+=';
      const what = isTaken ? "it is taken as '=', where xinetd ignores the line" : 'the line is ignored';
      notes.warn(
        name,
        `the operator '${operator}' cannot be used for '${name.text}': ${what}`,
        `write ${name.text} =`,
      );
      if (!isTaken) continue;
    }
    const values = countValues(assignment, attribute, notes);
    if (values !== undefined && checkText(assignment, notes)) {
      found.set(attribute.name, [{ ...assignment, values }]);
    }
  }
  const first = (name: AttributeName): Assignment | undefined => found.get(name)?.[0];
  return {
    all: (name) => found.get(name),
    values: (name) => first(name)?.values,
    one: (name) => first(name)?.values[0],
    place: (name) => first(name)?.name,
  };
};
