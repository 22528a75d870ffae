// A unit: its file with all drop-ins, as one list of directives.
import { createReport, type Report, type SourceText } from '../source.ts';
import { type Facts, type Specifiers, specifiersOf } from './specifiers.ts';
import { type Directive, type Fragment, readDirectives, type Value } from './syntax.ts';
import type { UnitName } from './unit-name.ts';

/** The directives of one section by their names. */
export type Values = {
  /** In order, without those that an empty assignment takes back. */
  all(key: string): readonly Value[];
  /** The last one; undefined where it is empty. */
  one(key: string): Value | undefined;
  /** In order, the empty ones too: where an empty list is not the same as none. */
  written(key: string): readonly Value[];
};

export type Unit = {
  /** With its instance, if that is known: `finger.socket`, `finger@tty1.service`; else as a template: `finger@.service`. */
  readonly name: string;
  readonly parts: UnitName;
  /** The file; drop-ins have their own names in the tokens. */
  readonly source: SourceText;
  readonly directives: readonly Directive[];
  readonly report: Report;
  readonly specifiers: Specifiers;
  section(name: string): Values;
};

/** What a unit is made of: its own file, then its drop-ins. */
export type UnitText = {
  readonly name: string;
  readonly parts: UnitName;
  readonly fragments: readonly [Fragment, ...Fragment[]];
};

const valuesOf = (directives: readonly Directive[], section: string): Values => {
  const found = new Map<string, Value[]>();
  for (const { section: own, key, value } of directives) {
    if (own !== section) continue;
    const values = found.get(key.text);
    if (values === undefined) found.set(key.text, [value]);
    else values.push(value);
  }
  const written = (key: string): readonly Value[] => found.get(key) ?? [];
  const all = (key: string): readonly Value[] => {
    const values = written(key);
    return values.slice(values.findLastIndex(({ text }) => text === '') + 1);
  };
  return { all, one: (key) => all(key).at(-1), written };
};

/** `isPerConnection`: a template whose instances are connections. */
export const openUnit = (
  { name, parts, fragments }: UnitText,
  isPerConnection: boolean,
  facts: Facts,
): Unit => {
  const [{ source }] = fragments;
  const report = createReport(source);
  const directives = fragments.flatMap((fragment) => readDirectives(fragment, report));
  const sections = new Map<string, Values>();
  return {
    name,
    parts,
    source,
    directives,
    report,
    specifiers: specifiersOf(name, parts, isPerConnection, facts, source.file),
    section(section) {
      const known = sections.get(section);
      if (known !== undefined) return known;
      const values = valuesOf(directives, section);
      sections.set(section, values);
      return values;
    },
  };
};
