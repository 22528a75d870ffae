// The third part of a rule: options with their values, as hosts_options(5) has them.
import { seconds } from '../../model/quantity.ts';
import { type SyslogFacility, syslogFacilities, syslogLevels } from '../../model/service-log.ts';
import type { Template, WrapperOption } from '../../model/wrapper-rules.ts';
import { nearestWord } from '../nearest.ts';
import type { Complaint } from './pattern.ts';
import { parseTemplate } from './template.ts';
import { foldCase, type Stretch, splitAt } from './words.ts';

/** libwrap knows fewer than syslog(3). */
const unknownFacilities: ReadonlySet<SyslogFacility> = new Set(['syslog', 'authpriv', 'ftp']);
const facilities = syslogFacilities.filter((facility) => !unknownFacilities.has(facility));

/** A value, the stretch that it was written in, and how to say that it is wrong: that gives undefined. */
type Value = {
  readonly text: string;
  readonly expand: () => Template;
  readonly wrong: (message: string, advice: string) => undefined;
};

/** A whole number as scanf(3) reads one, with nothing behind it. */
const readInteger = (text: string): number | undefined =>
  /^[+-]?[0-9]{1,9}$/.test(text) ? Number(text) : undefined;

const readSeverity = ({ text, wrong }: Value): WrapperOption | undefined => {
  const [first, second] = splitAt({ text: foldCase(text), start: 0 }, '.');
  const level = syslogLevels.find((name) => name === (second ?? first).text);
  const facility = second === undefined ? undefined : facilities.find((name) => name === first.text);
  if (level === undefined || (second !== undefined && facility === undefined)) {
    return wrong(`'${text}' is no severity`, `write FACILITY.LEVEL or one of ${syslogLevels.join(', ')}`);
  }
  return { kind: 'severity', facility, level };
};

const readUser = ({ text }: Value): WrapperOption => {
  const [user, group] = splitAt({ text, start: 0 }, '.');
  return { kind: 'user', user: user.text, group: group?.text };
};

/** setenv(3) takes no name that is empty or has a = in it. */
const readAssignment = ({ text, expand, wrong }: Value): WrapperOption | undefined => {
  const [name = ''] = text.split(/[ \t\r\n]/, 1);
  if (name === '' || name.includes('='))
    return wrong(`'${name}' is no name of a variable`, 'write setenv NAME VALUE');
  return { kind: 'setenv', assignment: expand() };
};

type Reader = {
  readonly value: 'needed' | 'optional' | 'none';
  /** Nothing may come behind it. */
  readonly isLast?: true;
  readonly read: (value: Value, isGiven: boolean) => WrapperOption | undefined;
};

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['user', { value: 'needed', read: readUser }],
  ['group', { value: 'needed', read: ({ text }) => ({ kind: 'user', user: undefined, group: text }) }],
  [
    'umask',
    {
      value: 'needed',
      read: ({ text, wrong }) =>
        /^0*[0-7]{1,3}$/.test(text)
          ? { kind: 'umask', mask: Number.parseInt(text, 8) }
          : wrong(`'${text}' is no umask`, 'write an octal number up to 777'),
    },
  ],
  [
    'linger',
    {
      value: 'needed',
      read: ({ text, wrong }) => {
        const count = readInteger(text);
        if (count !== undefined && count >= 0) return { kind: 'linger', seconds: count };
        return wrong(`'${text}' is no number of seconds`, 'write a whole number from 0 on');
      },
    },
  ],
  ['keepalive', { value: 'none', read: () => ({ kind: 'keepalive' }) }],
  ['aclexec', { value: 'needed', read: ({ expand }) => ({ kind: 'aclexec', command: expand() }) }],
  ['spawn', { value: 'needed', read: ({ expand }) => ({ kind: 'spawn', command: expand() }) }],
  ['twist', { value: 'needed', isLast: true, read: ({ expand }) => ({ kind: 'twist', command: expand() }) }],
  [
    'rfc931',
    {
      value: 'optional',
      read: ({ text, wrong }, isGiven) => {
        const count = readInteger(text);
        if (!isGiven) return { kind: 'rfc931', timeout: undefined };
        if (count !== undefined && count > 0) return { kind: 'rfc931', timeout: seconds(count) };
        return wrong(`'${text}' is no time to wait`, 'write whole seconds from 1 on');
      },
    },
  ],
  ['setenv', { value: 'needed', read: readAssignment }],
  [
    'nice',
    {
      value: 'optional',
      read: ({ text, wrong }, isGiven) => {
        const increment = isGiven ? readInteger(text) : 10;
        if (increment !== undefined) return { kind: 'nice', increment };
        return wrong(`'${text}' is no nice value`, 'write a whole number');
      },
    },
  ],
  ['severity', { value: 'needed', read: readSeverity }],
  ['allow', { value: 'none', isLast: true, read: () => ({ kind: 'allow' }) }],
  ['deny', { value: 'none', isLast: true, read: () => ({ kind: 'deny' }) }],
  ['banners', { value: 'needed', read: ({ text }) => ({ kind: 'banners', directory: text }) }],
]);

/** Fields between colons; a colon behind a backslash is part of its field. Behind the last colon there is one more. */
const splitFields = ({ text, start }: Stretch): readonly Stretch[] => {
  const fields = [...text.matchAll(/((?:\\:|[^:])*)(:|$)/g)];
  return fields
    .filter((_, index) => index === 0 || fields[index - 1]?.[2] === ':')
    .map((match) => ({ text: match[1] ?? '', start: start + match.index }));
};

const trim = ({ text, start }: Stretch): Stretch => {
  const blank = text.length - text.trimStart().length;
  return { text: text.trim(), start: start + blank };
};

/** Name and value: blanks between them, with at most one = among them. */
const splitOption = (field: Stretch): { readonly name: Stretch; readonly value: Stretch | undefined } => {
  const match = /^([^= \t\r\n]*)(?:[ \t\r\n]+)?(?:=[ \t\r\n]*)?/.exec(field.text);
  const name = match?.[1] ?? '';
  const skipped = match?.[0].length ?? 0;
  const rest = field.text.slice(skipped);
  return {
    name: { text: name, start: field.start },
    value: rest === '' ? undefined : { text: rest, start: field.start + skipped },
  };
};

const readOption = (field: Stretch, isLast: boolean, complain: Complaint): WrapperOption | undefined => {
  const wrong = (at: Stretch, message: string, advice: string): undefined => {
    complain.error(at, message, `${advice}; until then whoever this rule matches is refused`);
    return undefined;
  };
  const { name, value } = splitOption(field);
  if (name.text === '') {
    return wrong(field, 'there is no option between or behind the colons', 'write one, or remove the colon');
  }
  const reader = readers.get(foldCase(name.text));
  if (reader === undefined) {
    const nearest = nearestWord(foldCase(name.text), [...readers.keys()]);
    const advice =
      nearest === undefined ? 'a command is written with spawn or twist' : `did you mean ${nearest}?`;
    return wrong(name, `unknown option '${name.text}'`, advice);
  }
  if (value === undefined && reader.value === 'needed') {
    return wrong(name, `the option '${name.text}' has no value`, 'write it behind the name');
  }
  if (value !== undefined && reader.value === 'none') {
    return wrong(value, `the option '${name.text}' takes no value`, 'remove it');
  }
  if (!isLast && reader.isLast === true) {
    return wrong(name, `the option '${name.text}' is not the last one`, 'move it to the end of the rule');
  }
  const at = value ?? name;
  return reader.read(
    {
      text: value?.text ?? '',
      expand: () =>
        parseTemplate(value?.text ?? '', (letter, index) =>
          complain.warn(
            { text: `%${letter}`, start: at.start + index },
            `%${letter} has no meaning and is left out`,
            'write %% for a per cent sign',
          ),
        ),
      wrong: (message, advice) => wrong(at, message, advice),
    },
    value !== undefined,
  );
};

/** All options of a rule up to the first that cannot be understood: there, who got so far is refused. */
export const readOptions = (text: Stretch, complain: Complaint): readonly WrapperOption[] => {
  const options: WrapperOption[] = [];
  const fields = splitFields(text);
  for (const [index, field] of fields.entries()) {
    const shown = { text: field.text.replaceAll('\\:', ':'), start: field.start };
    const option = readOption(trim(shown), index === fields.length - 1, complain);
    if (option === undefined) return [...options, { kind: 'broken' }];
    options.push(option);
  }
  return options;
};
