// What a journal reads, as its documentation has it: for tests of what is written to one.
export type JournalEntry = ReadonlyMap<string, readonly string[]>;

const newline = 10;
const equals = 61;

/** Throws at whatever is not as it must be. */
export const parseJournalEntry = (bytes: Buffer): JournalEntry => {
  const fields = new Map<string, string[]>();
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(newline, at);
    if (lineEnd === -1) throw new Error('a field without an end');
    const sign = bytes.indexOf(equals, at);
    const isText = sign !== -1 && sign < lineEnd;
    const name = bytes.toString('latin1', at, isText ? sign : lineEnd);
    if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(name)) throw new Error(`no name of a field: ${name}`);
    const start = isText ? sign + 1 : lineEnd + 9;
    const end = isText ? lineEnd : start + Number(bytes.readBigUInt64LE(lineEnd + 1));
    if (bytes[end] !== newline) throw new Error(`${name} does not end where it says`);
    const value = bytes.subarray(start, end);
    if (!value.equals(Buffer.from(value.toString('utf8')))) throw new Error(`${name} is no UTF-8`);
    fields.set(name, [...(fields.get(name) ?? []), value.toString('utf8')]);
    at = end + 1;
  }
  return fields;
};
