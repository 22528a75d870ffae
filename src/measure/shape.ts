// Checks of what was read from a file: each says what is wrong with a value, or nothing.

/** `at` is where the value stands, such as `settings.clients`. */
export type Check = (value: unknown, at: string) => string | undefined;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const named = (value: unknown): string => {
  if (value === undefined) return 'is missing';
  const text = JSON.stringify(value) ?? String(value);
  return `is ${text.length > 40 ? `${text.slice(0, 40)}...` : text}`;
};

const simple =
  (wanted: string, isRight: (value: unknown) => boolean): Check =>
  (value, at) =>
    isRight(value) ? undefined : `${at} ${named(value)}, not ${wanted}`;

export const isAmount = simple(
  'a number of 0 or more',
  (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
);
export const isText = simple('a text', (value) => typeof value === 'string');
export const isFlag = simple('true or false', (value) => typeof value === 'boolean');

export const isOneOf = (...values: readonly string[]): Check =>
  simple(values.map((value) => JSON.stringify(value)).join(' or '), (value) =>
    values.some((each) => each === value),
  );

/** Undefined fields are absent in JSON. */
export const maybe =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? undefined : check(value, at);

export const isListOf =
  (check: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return `${at} ${named(value)}, not a list`;
    for (const [index, item] of value.entries()) {
      const fault = check(item, `${at}[${index}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

export const isPairOf =
  (first: Check, second: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value) || value.length !== 2) return `${at} ${named(value)}, not a pair`;
    return first(value[0], `${at}[0]`) ?? second(value[1], `${at}[1]`);
  };

/** An object with at least these fields; those of later versions do not hurt. */
export const isShape =
  <Whole>(fields: Readonly<Record<keyof Whole & string, Check>>): Check =>
  (value, at) => {
    if (!isRecord(value)) return `${at === '' ? 'the result' : at} ${named(value)}, not an object`;
    for (const [key, check] of Object.entries<Check>(fields)) {
      const fault = check(value[key], at === '' ? key : `${at}.${key}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

/** The field of an object, if it is one and has it. */
export const fieldOf = (value: unknown, key: string): unknown => (isRecord(value) ? value[key] : undefined);
